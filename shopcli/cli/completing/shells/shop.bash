# TAB completion of shop for bash 3.2 and newer.
#
# Try it here:   eval "$(shop completion bash)"
# For good:      echo 'eval "$(shop completion bash)"' >> ~/.bashrc
# or, where bash-completion is installed, which reads it when it is first needed:
#                mkdir -p ~/.local/share/bash-completion/completions
#                shop completion bash > ~/.local/share/bash-completion/completions/shop

_shop() {
    local kind='' head='' kept='' part='' quote='' word file
    COMPREPLY=()
    while IFS= read -r word; do
        if [ -z "$kind" ]; then
            kind=$word
            if [ "$kind" != words ]; then
                IFS= read -r head
                IFS= read -r kept
                IFS= read -r part
                IFS= read -r quote
            fi
        else
            COMPREPLY+=("$word")
        fi
    done <<EOF
$(command shop __complete bash "$COMP_WORDBREAKS" "${COMP_LINE:0:$COMP_POINT}" </dev/null 2>/dev/null)
EOF
    case $kind in
        files) kind=-f ;;
        directories) kind=-d ;;
        *) return ;;
    esac
    # bash 4 quotes names, ends directories with a slash and others with a space; bash 3.2 has no compopt.
    local readline=''
    [ ${#COMPREPLY[@]} -eq 0 ] && compopt -o filenames +o nospace 2>/dev/null && readline=yes
    while IFS= read -r file; do
        [ -n "$file" ] || continue
        word=$head$file
        word=${word:$kept}
        if [ -z "$readline" ]; then
            [ "${file:0:2}" = '~/' ] && file=$HOME/${file:2} # compgen kept the tilde, and %q would quote it
            case $quote in
                '"') word=$(printf '%s\n' "$word" | sed 's/[\\"$`]/\\&/g') ;;
                "'") word=$(printf '%s\n' "$word" | sed "s/'/'\\\\''/g") ;;
                *)
                    word=$(printf %q "$word")
                    word=${word/#\\~/\~}
                    ;;
            esac
            if [ -d "$file" ]; then word=$word/; elif [ -z "$quote" ]; then word="$word "; fi
        fi
        COMPREPLY+=("$word")
    done <<EOF
$(compgen "$kind" -- "$part")
EOF
}

complete -o nospace -F _shop shop
