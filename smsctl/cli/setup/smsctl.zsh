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
