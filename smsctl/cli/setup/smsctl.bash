# Completion of smsctl for bash.
_smsctl() {
    # What is typed comes as it is written: quotes and all, and --group=NAME in three pieces.
    local before=("${COMP_WORDS[@]:1:COMP_CWORD-1}") current=${COMP_WORDS[COMP_CWORD]} quote= found
    case $current in
        =) current= ;;
        [\'\"]*) quote=${current:0:1} current=${current:1} ;;
        *) current=${current//\\/} ;;
    esac
    COMPREPLY=()
    while IFS= read -r found; do
        [ -n "$quote" ] || printf -v found %q "$found"
        COMPREPLY+=("$found")
    done < <("${COMP_WORDS[0]}" completion bash -- "${before[@]//[\\\'\"]/}" "$current" 2>/dev/null)
    if [ ${#COMPREPLY[@]} -eq 0 ]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen -f -- "$current")
    fi
}
complete -F _smsctl smsctl
