package permset

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"aws-access-bot/config"
)

// Diff compares a declared set with the live one. The same input gives the same
// result, whatever the order of its lists, and a second comparison after all
// steps is empty but for drift that is only reported.
func Diff(in Input) Result {
	d := differ{in: in, out: Result{Steps: []Step{}, Drift: []Finding{}}}
	switch {
	case in.Live == nil && !d.acts():
		d.find(Finding{Key: "gone", Sentence: "the permission set is gone from AWS"})
		return d.out
	case in.Live == nil:
		d.live.Session = in.Want.Session
		d.step(Step{Kind: Create, Settings: d.wanted(), Tags: in.Want.Tags}, nil)
		d.live.Tags = in.Want.Tags
		d.live.Description, d.live.RelayState = in.Want.Description, in.Want.RelayState
	default:
		d.live = in.Live.Definition
	}
	d.settings()
	d.policies()
	d.inline()
	d.boundary()
	d.tags()
	d.provision()
	slices.SortStableFunc(d.out.Steps, func(a, b Step) int {
		return cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind))
	})
	slices.SortFunc(d.out.Drift, func(a, b Finding) int { return cmp.Compare(a.Key, b.Key) })
	return d.out
}

type differ struct {
	in   Input
	live Definition
	out  Result
}

// step adds a step. undo is nil when nothing takes it back.
func (d *differ) step(s Step, undo *Step) {
	s.Set = d.in.Want.Name
	if s.Sentence == "" {
		s.Sentence = s.sentence()
	}
	s.Sentence += "."
	if undo != nil {
		undo.Set = s.Set
		undo.Sentence = undo.sentence() + "."
		s.Undo = undo
	}
	d.out.Steps = append(d.out.Steps, s)
}

func (d *differ) find(f Finding) {
	f.Sentence = d.in.Want.Name + ": " + f.Sentence + "."
	d.out.Drift = append(d.out.Drift, f)
}

// acts reports whether a difference from the file becomes a step.
func (d *differ) acts() bool { return d.in.Pending || d.in.Revert }

// takes reports whether what the file does not have is taken away.
func (d *differ) takes(item string) bool {
	return d.in.Revert || d.in.Pending && contains(d.in.Owned, item)
}

func (d *differ) wanted() *Settings {
	s := &Settings{Description: d.in.Want.Description, Session: d.in.Want.Session, RelayState: d.in.Want.RelayState}
	if s.Description == "" {
		s.Description = d.live.Description // AWS cannot clear it
	}
	return s
}

// settings compares session, relay state and description, which one call writes.
func (d *differ) settings() {
	want, live := d.wanted(), &Settings{d.live.Description, d.live.Session, d.live.RelayState}
	if *want == *live {
		return
	}
	var words []string
	differs := func(what, is, should string, reaches bool) {
		if is == should {
			return
		}
		words = append(words, fmt.Sprintf("%s %s -> %s", what, orNone(is), orNone(should)))
		if !d.acts() {
			d.find(Finding{Key: what + " " + is, Sentence: fmt.Sprintf("%s is %s in AWS and %s in its file", what, orNone(is), orNone(should)), Reaches: reaches})
		}
	}
	differs("session", config.FormatDuration(live.Session), config.FormatDuration(want.Session), true)
	differs("relay state", live.RelayState, want.RelayState, false)
	differs("description", quoted(live.Description), quoted(want.Description), false)
	if d.acts() {
		d.step(Step{Kind: Update, Settings: want, Sentence: "Update " + d.in.Want.Name + ": " + strings.Join(words, ", ")}, &Step{Kind: Update, Settings: live})
	}
}

// quoted keeps free text in its place.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (d *differ) policies() {
	for _, arn := range d.in.Want.Managed {
		if !slices.Contains(d.live.Managed, arn) {
			d.lacks(itemManaged(arn), Step{Kind: Attach, Policy: arn}, &Step{Kind: Detach, Policy: arn})
		}
	}
	for _, arn := range d.live.Managed {
		if !slices.Contains(d.in.Want.Managed, arn) {
			d.extra(itemManaged(arn), itemManaged(arn), Step{Kind: Detach, Policy: arn}, &Step{Kind: Attach, Policy: arn})
		}
	}
	for _, ref := range d.in.Want.Customer {
		if !slices.Contains(d.live.Customer, ref) {
			d.lacks(itemCustomer(ref), Step{Kind: AttachOwn, Customer: &ref}, &Step{Kind: DetachOwn, Customer: &ref})
		}
	}
	for _, ref := range d.live.Customer {
		if !slices.Contains(d.in.Want.Customer, ref) {
			d.extra(itemCustomer(ref), itemCustomer(ref), Step{Kind: DetachOwn, Customer: &ref}, &Step{Kind: AttachOwn, Customer: &ref})
		}
	}
}

// lacks is about what the file has and AWS does not.
func (d *differ) lacks(item string, add Step, undo *Step) {
	if d.acts() {
		d.step(add, undo)
		return
	}
	d.find(Finding{Key: "no " + item, Sentence: item + " is in its file and was taken away in AWS", Reaches: true})
}

// extra is about what AWS has and the file does not.
func (d *differ) extra(item, key string, remove Step, undo *Step) {
	if d.takes(item) {
		d.step(remove, undo)
		return
	}
	d.find(Finding{Key: key, Extra: true, Sentence: item + " is in AWS and in no file of the config repo", Reaches: true})
}

func (d *differ) inline() {
	want, live := d.in.Want.Inline, d.live.Inline
	putBack := &Step{Kind: PutInline, Inline: live}
	switch {
	case want == live:
	case want == "":
		d.extra(itemInline, valueKey(itemInline, live), Step{Kind: DeleteInline}, putBack)
	case live == "":
		d.lacks(itemInline, Step{Kind: PutInline, Inline: want}, &Step{Kind: DeleteInline})
	case d.acts():
		d.step(Step{Kind: PutInline, Inline: want}, putBack)
	default:
		d.find(Finding{Key: valueKey(itemInline, live), Sentence: "the inline policy in AWS is another than in its file", Reaches: true})
	}
}

// valueKey is the key of an item with its value.
func valueKey(item, value string) string {
	sum := sha256.Sum256([]byte(value))
	return item + " " + hex.EncodeToString(sum[:6])
}

func (d *differ) boundary() {
	want, live := d.in.Want.Boundary, d.live.Boundary
	putBack := &Step{Kind: PutBoundary, Boundary: live}
	switch {
	case want.String() == live.String():
	case want == nil:
		d.extra(itemBoundary, itemBoundary+" "+live.String(), Step{Kind: DeleteBoundary}, putBack)
	case live == nil:
		d.lacks(itemBoundary, Step{Kind: PutBoundary, Boundary: want}, &Step{Kind: DeleteBoundary})
	case d.acts():
		d.step(Step{Kind: PutBoundary, Boundary: want}, putBack)
	default:
		d.find(Finding{Key: itemBoundary + " " + live.String(), Reaches: true,
			Sentence: fmt.Sprintf("the permissions boundary is %s in AWS and %s in its file", live, want)})
	}
}

// tags compares the tags that the file has, and those it had.
func (d *differ) tags() {
	added, changed, was, gone, back := map[string]string{}, map[string]string{}, map[string]string{}, []string{}, map[string]string{}
	for key, want := range d.in.Want.Tags {
		switch live, ok := d.live.Tags[key]; {
		case !ok:
			added[key] = want
		case live != want:
			changed[key], was[key] = want, live
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.live.Tags)) {
		if _, kept := d.in.Want.Tags[key]; !kept && d.in.Pending && contains(d.in.Owned, itemTag(key)) {
			gone, back[key] = append(gone, key), d.live.Tags[key]
		}
	}
	all := maps.Clone(added)
	maps.Copy(all, changed)
	switch {
	case len(all) == 0:
	case !d.acts():
		d.find(Finding{Key: valueKey("tags", tagsText(all)), Sentence: "its file has other tags: " + tagsText(all)})
	default:
		if len(added) > 0 {
			d.step(Step{Kind: Tag, Tags: added}, &Step{Kind: Untag, TagKeys: slices.Sorted(maps.Keys(added))})
		}
		if len(changed) > 0 {
			d.step(Step{Kind: Tag, Tags: changed}, &Step{Kind: Tag, Tags: was})
		}
	}
	if len(gone) > 0 {
		d.step(Step{Kind: Untag, TagKeys: gone}, &Step{Kind: Tag, Tags: back})
	}
}

func tagsText(tags map[string]string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		parts = append(parts, fmt.Sprintf("%s=%q", key, tags[key]))
	}
	return strings.Join(parts, ", ")
}

// provision adds the last step where accounts are not, or will not be, the
// latest, and says what it would bring along.
func (d *differ) provision() {
	if d.in.Live == nil {
		return // it is in no account yet
	}
	targets := d.in.Live.Outdated
	if slices.ContainsFunc(d.out.Steps, Step.Changes) {
		targets = d.in.Live.Accounts
	}
	if len(targets) == 0 {
		return
	}
	for _, f := range d.out.Drift {
		if f.Reaches && !slices.Contains(d.in.Spread, f.Key) {
			d.out.Spreads = append(d.out.Spreads, f.Key)
		}
	}
	slices.Sort(d.out.Spreads)
	d.step(Step{Kind: Provision, Accounts: slices.Clone(targets)}, nil)
}

// Reaching returns the keys of the findings that are in the accounts when all
// of them are the latest, sorted: the next [Input.Spread].
func Reaching(findings []Finding) []string {
	var out []string
	for _, f := range findings {
		if f.Reaches {
			out = append(out, f.Key)
		}
	}
	slices.Sort(out)
	return out
}
