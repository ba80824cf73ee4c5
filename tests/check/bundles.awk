# Sources of a room that can be compiled as one without noticing each other: none contains a word that another one gives to
# something of its own (a static, a macro, a tag, a type, an enumerator). What is overlooked here is seen by the compiler, and
# the sources are compiled alone then. Input: the sources, twice. Output: a bundle a line, with a `;` behind.
# -v most=N: files in a bundle at most.
FNR == 1 {
    again = FILENAME in kind
    if (!again) {
        order[++files] = FILENAME
        split(FILENAME, part, "/")
        kind[FILENAME] = part[1] "/" part[2]
    }
    inside = 0
}
function own(name) {
    if (name != "" && !((FILENAME, name) in mine)) {
        mine[FILENAME, name]
        names[FILENAME] = names[FILENAME] " " name
        known[name]
    }
}
again { # the words that are a name of some file
    count = split($0, word, /[^A-Za-z0-9_]+/)
    for (i = 1; i <= count; i++)
        if (word[i] in known && !((FILENAME, word[i]) in seen)) {
            seen[FILENAME, word[i]]
            words[FILENAME] = words[FILENAME] " " word[i]
        }
    next
}
/^# *define +_(GNU|POSIX|XOPEN|DEFAULT)/ { kind[FILENAME] = kind[FILENAME] " " ($2 ~ /DEFAULT/ ? FILENAME : $2); next }
/^# *define/ { line = $0; sub(/^# *define +/, "", line); sub(/[^A-Za-z0-9_].*/, "", line); own(line); next }
/^static / { line = $0; sub(/ *[=([;].*/, "", line); sub(/.*[ *]/, "", line); own(line) }
/^(static )?(const )?(struct|union|enum) [a-z0-9_]+ *{/ { line = $0; sub(/ *{.*/, "", line); sub(/.* /, "", line); own(line) }
/^(typedef|}).*;/ { line = $0; sub(/\).*|;.*/, "", line); sub(/.*[ *(}]/, "", line); own(line) }
/^(static )?enum.*{/ { inside = 1 }
inside {
    line = $0
    sub(/^[^{]*{/, "", line)
    gsub(/\/\*.*\*\/|=[^,]*|}.*/, "", line)
    count = split(line, word, /[^A-Za-z0-9_]+/)
    for (i = 1; i <= count; i++)
        own(word[i])
}
/}/ { inside = 0 }
function fits(bundle, file,    i, count, word) {
    if (of[bundle] != kind[file] || size[bundle] >= most)
        return 0
    count = split(names[file], word, " ")
    for (i = 1; i <= count; i++)
        if ((bundle, word[i]) in used)
            return 0
    count = split(words[file], word, " ")
    for (i = 1; i <= count; i++)
        if ((bundle, word[i]) in owned)
            return 0
    return 1
}
END {
    for (f = 1; f <= files; f++) {
        file = order[f]
        for (b = 1; b <= bundles && !fits(b, file); b++)
            ;
        if (b > bundles)
            of[bundles = b] = kind[file]
        size[b]++
        list[b] = list[b] " " file
        count = split(names[file], word, " ")
        for (i = 1; i <= count; i++)
            owned[b, word[i]]
        count = split(words[file], word, " ")
        for (i = 1; i <= count; i++)
            used[b, word[i]]
    }
    for (b = 1; b <= bundles; b++)
        print list[b] " ;"
}
