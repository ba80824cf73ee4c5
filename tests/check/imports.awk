# Who may include whom. Input: lines "FILE:#include "PATH"" of project includes; prints every breach.
# Rooms: include <- models; include <- base <- {decode core store source sink report} <- flow <- main; core also models.
BEGIN {
    allowed["include"] = "include"
    allowed["models"] = "include models"
    allowed["base"] = "include base"
    split("decode store source sink report", middle, " ")
    for (i in middle)
        allowed[middle[i]] = "include base " middle[i]
    allowed["core"] = "include base models core"
    allowed["flow"] = "include models base decode core store source sink report flow"
    allowed["main"] = allowed["flow"] " main"
}
function room(path) {
    if (path ~ /^(include\/)?leeway\//) return "include"
    if (path ~ /^models\//) return "models"
    if (path == "engine/main.c") return "main"
    if (match(path, /^engine\/[a-z]+\//)) return substr(path, 8, RLENGTH - 8)
    return "?"
}
{
    split($0, part, /:[ \t]*#[ \t]*include[ \t]*"/)
    sub(/".*/, "", part[2])
    from = room(part[1])
    to = room(part[2])
    if (index(" " allowed[from] " ", " " to " ") == 0) {
        printf "%s (%s) may not include %s (%s)\n", part[1], from, part[2], to
        bad = 1
    }
}
END { exit bad }
