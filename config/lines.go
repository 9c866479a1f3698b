package config

// Lines are the access entries that a change brings and takes. The two repos that
// somebody compares may differ in more, where a change is judged on top of others.
type Lines struct{ brings, takes map[string]bool }

// Lines returns the access entries of a change. One with another reason is brought
// and taken.
func (c Change) Lines() Lines {
	l := Lines{map[string]bool{}, map[string]bool{}}
	for _, f := range c.Content {
		if f.Field != accessField {
			continue
		}
		if f.New != "" {
			l.brings[f.Path+" "+f.New] = true
		}
		if f.Old != "" {
			l.takes[f.Path+" "+f.Old] = true
		}
	}
	return l
}

// Brings reports whether the change brings an entry of head.
func (l Lines) Brings(ref GrantRef) bool { return l.brings[lineName(ref)] }

// Takes reports whether the change takes an entry of base out, or alters it.
func (l Lines) Takes(ref GrantRef) bool { return l.takes[lineName(ref)] }

func lineName(ref GrantRef) string {
	return ref.File.Path() + " " + ref.Grant.describe(ref.Grant.Account)
}
