# Headers that have to be compiled to know whether they stand alone. The others are known to: what is the first thing that a
# source, or another header that stands alone, includes is compiled with nothing before it. A source with feature macros in
# front says nothing: its headers see more than they would alone. Input: sources and headers; output: headers.
FNR == 1 { done = comment = 0; if (FILENAME ~ /\.h$/) { headers[++count] = FILENAME; guard = 2 } else { sources[++many] = FILENAME; guard = 0 } }
done { next }
comment { if (/\*\//) comment = 0; next }
/^[ \t]*\/\*/ { if (!/\*\//) comment = 1; else if (!/\*\/[ \t]*$/) done = 1; next }
/^[ \t]*(\/\/.*)?$/ { next }
guard && /^#(ifndef|define) LEEWAY_[A-Z0-9_]+$/ { guard--; next }
{ done = 1 }
/^#include "/ {
    split($0, part, "\"")
    first[FILENAME] = part[2] ~ /^leeway\// ? "include/" part[2] : part[2]
}
function stands(file) { # so does what it begins with
    for (file = first[file]; file != "" && !(file in known); file = first[file])
        known[file]
}
END {
    for (i = 1; i <= many; i++)
        stands(sources[i])
    for (i = 1; i <= count; i++)
        if (!(headers[i] in known)) {
            print headers[i]
            known[headers[i]]
            stands(headers[i])
        }
}
