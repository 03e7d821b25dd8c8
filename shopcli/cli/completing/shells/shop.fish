# TAB completion of shop for fish 3.0 and newer.
#
# Try it here:   shop completion fish | source
# For good:      shop completion fish > ~/.config/fish/completions/shop.fish

function __shop_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l lines (command shop __complete fish $words[2..-1] "$word" </dev/null 2>/dev/null)
    set -q lines[1]; or return
    set -l kind $lines[1]
    set -e lines[1]
    set -l head
    if test "$kind" != words
        set head "$lines[1]"
        set -e lines[1]
    end
    for line in $lines
        echo $line
    end
    test "$kind" = words; and return
    set -l part (string sub --start (math (string length -- "$head") + 1) -- "$word")
    for file in (__fish_complete_path "$part")
        set -l name (string split -m 1 \t -- $file)[1]
        if test "$kind" = files; or string match -q '*/' -- $name
            echo $head$file
        end
    end
end

complete --command shop --no-files --keep-order --arguments '(__shop_complete)'
