#!/bin/bash
# `leeway reconcile`: numbers that are missing, told, doubled, differing; in every form that Loggly exports.
. tests/kit/tap.sh
event() { # seq, id, more
    printf '{"timestamp":"2026-01-01T00:00:00.000Z","lw_event":"%s","lw_id":"%s","lw_seq":%s,"lw_session":"%s"%s}\n' "${4:-run}" "$2" "$1" "${5:-aaa}" "${3:-}"
}
page() { # lines on stdin to a page of event objects
    python3 -c '
import json,sys
form=sys.argv[1]
events=[]
for i,line in enumerate(sys.stdin):
    line=line.rstrip("\n")
    e={"id":"x%d"%i,"timestamp":1,"logmsg":line,"raw":line,"logtypes":["json"],"tags":["leeway"],"event":{"http":{"clientHost":"127.0.0.1"}}}
    if form!="text":
        try: e["event"]["json"]=json.loads(line)
        except ValueError: pass
    if form=="raw": del e["logmsg"]; del e["event"]
    events.append(e)
if form=="lines":
    for e in events: print(json.dumps(e))
else: print(json.dumps({"total_events":len(events),"page":0,"events":events}, indent=1 if form=="indent" else None))
' "$1"
}
for i in 1 2 3 4 5; do event $i id$i; done >"$work/whole"
run reconcile "$work/whole"
ok 'a complete session is complete' exits 0
ok 'and its numbers are shown' says 'Session aaa: 5 events, numbers 1 to 5'
for form in plain text raw lines indent; do
    { cat "$work/whole"; echo 'not ours'; } | page $form >"$work/$form.json"
    run reconcile "$work/$form.json"
    ok "each event counts once in form $form" says 'Session aaa: 5 events, numbers 1 to 5'
    ok "and is not taken for a copy ($form)" bash -c "! grep -q twice $work/out && grep -q '1 events are not' $work/out"
done
gzip -c "$work/plain.json" >"$work/plain.json.gz"
run reconcile "$work/plain.json.gz"
ok 'packed exports are read' exits 0
{ cat "$work/whole"; event 3 id3; event 8 id8; } >"$work/holes"
run reconcile "$work/holes"
ok 'what is missing is an exit code' exits 1
ok 'and shown as a range' says 'missing      6 to 7 (2)'
ok 'a copy of the same is harmless' says 'twice        1'
event 9 id9 ',"lw_class":"spool_full","lw_count":2,"lw_first":6,"lw_last":7' loss >>"$work/holes"
event 9 id9 ',"lw_class":"spool_full","lw_count":2,"lw_first":6,"lw_last":7' loss >>"$work/holes"
run reconcile "$work/holes"
ok 'losses that were told are no surprise' exits 0
ok 'and said' says '6 to 7 (2): told as given up'
{ cat "$work/whole"; event 9 id9; event 10 id10 ',"lw_class":"dead_letter","lw_count":2,"lw_first":5,"lw_last":8' loss; } >"$work/less"
run reconcile "$work/less"
ok 'a loss accounts for no more than it counts' exits 1
{ cat "$work/whole"; event 3 id3 ',"lw_status":"failed"'; } >"$work/differs"
run reconcile "$work/differs"
ok 'one id with two bodies is an error' exits 1
ok 'and says which number' says 'first 3'
{ cat "$work/whole"; event 4 other; } >"$work/reused"
run reconcile "$work/reused"
ok 'one number with two ids is an error' exits 1
{ for i in 7 8 9; do event $i z$i '' alert bbb; done; cat "$work/whole"; } >"$work/two"
run reconcile --format json "$work/two"
ok 'sessions are apart, and a session may begin before the export' exits 0
ok 'the document says so' python3 -c "
import json
d=json.load(open('$work/out'))
assert d['schema']=='leeway.reconcile/1' and d['complete']
assert [(s['session'],s['first'],s['last'],s['events'],s['kinds']) for s in d['sessions']]==[('aaa',1,5,5,{'run':5}),('bbb',7,9,3,{'alert':3})]
"
run reconcile --whole --format json "$work/two"
ok 'unless the export is meant to be whole' exits 1
ok 'then the head is missing' python3 -c "
import json
d=json.load(open('$work/out'))
assert d['sessions'][1]['missing_ranges']==[{'first':1,'last':6,'told':False}] and d['sessions'][1]['missing']==6
"
head -c 400 "$work/plain.json" >"$work/cut.json"
run reconcile "$work/whole" "$work/cut.json"
ok 'a damaged export proves nothing' exits 3
echo '{"a":1}' >"$work/foreign"
run reconcile "$work/foreign"
ok 'an export without our events is unusable' exits 3
ok 'and one line says what to do' complains 'tag:leeway'
run reconcile
ok 'an export is needed' exits 2
python3 -c "
import random
lines=[l for f in ['$work/whole'] for l in open(f)]
for i in range(6,3000): lines.append(lines[0].replace('\"lw_seq\":1,','\"lw_seq\":%d,'%i).replace('id1','id%d'%i))
random.seed(7); random.shuffle(lines); gone=[lines.pop() for _ in range(50)]
open('$work/shuffled','w').writelines(lines)
open('$work/gone','w').write(str(len([g for g in gone])))"
run reconcile --whole --format json "$work/shuffled"
ok 'order does not matter' python3 -c "
import json,re
have={int(re.search('\"lw_seq\":(\d+)',l)[1]) for l in open('$work/shuffled')}
s=json.load(open('$work/out'))['sessions'][0]
missing={n for r in s['missing_ranges'] for n in range(r['first'],r['last']+1)}
assert missing==set(range(1,max(have)+1))-have and s['missing']==len(missing)
"
done_testing
