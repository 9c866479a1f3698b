package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/internal/access"
)

// Standstill is why nothing that is merged comes into force: a halt, or a commit
// that cannot be judged.
type Standstill struct {
	Commit string // abbreviated
	Rule   string // the stable code
	// Why has names in it and is for the control plane.
	Why  string
	Ways []string
}

// Unread is that the config repo cannot be read.
type Unread struct {
	Since time.Time
	Code  string // stable
	// Why and Mend are for the control plane.
	Why, Mend string
}

// Health tells what holds everybody up, and what weakens the config repo.
type Health interface {
	// Standstill is nil while the walk goes on.
	Standstill(ctx context.Context) (*Standstill, error)
	// Unread is nil while the config repo can be read.
	Unread(ctx context.Context) (*Unread, error)
	// Undelivered says what of webhooks does not arrive, a sentence each.
	Undelivered(ctx context.Context) ([]string, error)
	// Weaknesses says where GitHub guards the config repo less than it should,
	// or does not show how; a sentence with its mend each.
	Weaknesses(ctx context.Context) ([]string, error)
}

// health is what status says beside requests: to everybody that nothing new comes
// into force, since that holds everybody up, and the rest to the control plane.
func (d *Desk) health(ctx context.Context, by access.Asker) ([]Block, error) {
	if d.Health == nil {
		return nil, nil
	}
	halt, err := d.Health.Standstill(ctx)
	if err != nil {
		return nil, fmt.Errorf("halt: %w", err)
	}
	unread, err := d.Health.Unread(ctx)
	if err != nil {
		return nil, fmt.Errorf("whether the config repo can be read: %w", err)
	}
	controls := d.Service.Controls(ctx, by.Person)
	var out []Block
	if unread != nil {
		out = append(out, cannotRead(unread, controls)...)
	}
	if halt != nil {
		out = append(out, standstill(halt, controls)...)
	}
	if !controls {
		return out, nil
	}
	lost, err := d.Health.Undelivered(ctx)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	for _, l := range lost {
		out = append(out, Text{{Text: "⚠️ "}, {Text: l}})
	}
	weak, err := d.Health.Weaknesses(ctx)
	if err != nil {
		return nil, fmt.Errorf("guards of the config repo: %w", err)
	}
	return append(out, weaknesses(weak)...), nil
}

func cannotRead(u *Unread, controls bool) []Block {
	t := Text{
		{Text: "🛑 "}, {Text: "The bot cannot read the config repo", Bold: true},
		{Text: fmt.Sprintf(" since %s (%s). What was live stays so and ends when it should; nothing new comes into force meanwhile.", u.Since.UTC().Format("2006-01-02 15:04 UTC"), u.Code)},
	}
	if !controls {
		return []Block{t, Note{{Text: "The platform team has been told."}}}
	}
	return []Block{append(t, Span{Text: " " + u.Why}), Note{{Text: u.Mend}}}
}

func standstill(h *Standstill, controls bool) []Block {
	t := Text{
		{Text: "🛑 "}, {Text: "The bot stands still", Bold: true},
		{Text: fmt.Sprintf(" at commit %s (rule %s). What was live stays so and ends when it should; nothing that is merged comes into force.", h.Commit, h.Rule)},
	}
	if controls {
		t = append(t, Span{Text: " " + h.Why})
	}
	return []Block{t, Note{{Text: "Ways out: " + strings.Join(h.Ways, "; ") + "."}}}
}

// shownWeaknesses is how many weaknesses are spelled out.
const shownWeaknesses = 10

func weaknesses(list []string) []Block {
	if len(list) == 0 {
		return []Block{Note{{Text: "GitHub guards the config repo as it should."}}}
	}
	t := Text{{Text: "⚠️ "}, {Text: "How GitHub guards the config repo", Bold: true}}
	for i, w := range list {
		if i == shownWeaknesses {
			t = append(t, Span{Text: fmt.Sprintf("\n• and %d more: `bot status` lists them", len(list)-i)})
			break
		}
		t = append(t, Span{Text: "\n• " + w})
	}
	return []Block{t}
}
