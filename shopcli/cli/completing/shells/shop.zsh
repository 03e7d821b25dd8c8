#compdef shop
# TAB completion of shop for zsh.
#
# Try it here:   eval "$(shop completion zsh)"      (behind: autoload -Uz compinit && compinit)
# For good:      write it as _shop into a directory of $fpath, and start a new shell:
#                mkdir -p ~/.zfunc && shop completion zsh > ~/.zfunc/_shop
#                and in ~/.zshrc, before compinit:   fpath=(~/.zfunc $fpath)

_shop() {
    local -a lines whole begun
    lines=("${(@f)$(command shop __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" </dev/null 2>/dev/null)}")
    local kind=$lines[1] head=''
    lines=("${(@)lines[2,-1]}")
    if [[ $kind != words ]]; then
        head=$lines[1]
        lines=("${(@)lines[2,-1]}")
    fi
    whole=(${${(M)lines:#+*}#+})
    begun=(${${(M)lines:#-*}#-})
    local found=1
    (( $#whole )) && _describe -V shop whole && found=0
    (( $#begun )) && _describe -V shop begun -S '' && found=0
    if [[ $kind == (files|directories) ]]; then
        compset -p $#head
        if [[ $kind == files ]]; then _files && found=0; else _files -/ && found=0; fi
    fi
    return found
}

if [ "$funcstack[1]" = "_shop" ]; then
    _shop "$@"
else
    compdef _shop shop
fi
