package onboard

import "context"

// Overview counts the accounts whose file has the stage sso.
type Overview struct {
	States map[State]int
	// Stopped do not go on by themselves, HeldUp wait for something to pass.
	Stopped, HeldUp int
}

// Overview tells how the accounts stand, from the records.
func (e *Engine) Overview(ctx context.Context) (Overview, error) {
	book, err := e.Store.Onboardings(ctx)
	if err != nil {
		return Overview{}, err
	}
	o := Overview{States: map[State]int{}}
	for _, r := range book.Records {
		o.States[r.State]++
		switch {
		case r.stopped():
			o.Stopped++
		case r.Trouble.Code != "":
			o.HeldUp++
		}
	}
	return o, nil
}
