"""TAB: what a line may go on with, for bash, zsh, fish and the shell of ours."""
