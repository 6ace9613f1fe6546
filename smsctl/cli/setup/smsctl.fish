# Completion of smsctl for fish.
function __smsctl_complete
    set -l typed (commandline -opc)
    # fish itself chooses what fits, and knows its own quotes; only a flag says more.
    set -l current (string match -- '-*' (commandline -ct))
    set -l found ($typed[1] completion fish -- $typed[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c smsctl -f -a '(__smsctl_complete)'
