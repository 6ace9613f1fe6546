"""The completion scripts: each asks smsctl what the last word can become, and else offers files."""

_BASH = """\
# Completion of smsctl for bash.
_smsctl() {
    # What is typed comes as it is written: quotes and all, and --group=NAME in three pieces.
    local before=("${COMP_WORDS[@]:1:COMP_CWORD-1}") current=${COMP_WORDS[COMP_CWORD]} quote= found
    case $current in
        =) current= ;;
        [\\'\\"]*) quote=${current:0:1} current=${current:1} ;;
        *) current=${current//\\\\/} ;;
    esac
    COMPREPLY=()
    while IFS= read -r found; do
        [ -n "$quote" ] || printf -v found %q "$found"
        COMPREPLY+=("$found")
    done < <("${COMP_WORDS[0]}" completion bash -- "${before[@]//[\\\\\\'\\"]/}" "$current" 2>/dev/null)
    if [ ${#COMPREPLY[@]} -eq 0 ]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen -f -- "$current")
    fi
}
complete -F _smsctl smsctl
"""

_ZSH = """\
#compdef smsctl
# Completion of smsctl for zsh.
_smsctl() {
    local -a found
    found=(${(f)"$(${words[1]} completion zsh -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)"})
    if (( ${#found} == 1 )); then
        compadd -U -a found  # zsh itself takes å and Å for two letters
    elif (( ${#found} )); then
        compadd -M 'm:{a-zA-Z}={A-Za-z}' -a found || compadd -U -a found
    else
        _files
    fi
}
if [ "$funcstack[1]" = "_smsctl" ]; then
    _smsctl "$@"
else
    compdef _smsctl smsctl
fi
"""

_FISH = """\
# Completion of smsctl for fish.
function __smsctl_complete
    set -l typed (commandline -opc)
    # fish itself chooses what fits, and knows its own quotes; only a flag says more.
    set -l current (string match -- '-*' (commandline -ct))
    set -l found ($typed[1] completion fish -- $typed[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c smsctl -f -a '(__smsctl_complete)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script(shell: str) -> str:
    """Return the script for one of bash, zsh and fish."""
    return _SCRIPTS[shell]
