# Functions longer than 100 lines. A function's body begins with '{' in the first column and ends with '}' there.
FNR == 1 { name = ""; start = 0 }
/^[a-zA-Z].*\(/ { name = $0 }
/^{/ { start = FNR }
/^}/ {
    if (start && FNR - start - 1 > 100) {
        sub(/\(.*/, "", name)
        printf "%s:%d: %s is %d lines long (at most 100)\n", FILENAME, start, name, FNR - start - 1
        bad = 1
    }
    start = 0
}
END { exit bad }
