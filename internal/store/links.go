package store

import (
	"context"
	"fmt"
	"time"

	"aws-access-bot/internal/access"
)

// tryRecord is one try of a chat user to be linked.
type tryRecord struct {
	Key string    `json:"key"` // of the delivery
	At  time.Time `json:"at"`
}

// keepTries is for how long a try counts.
const keepTries = 24 * time.Hour

// TryLink implements [access.Links]. Of each chat user no more tries are kept
// than may count; one too many is not kept.
func (s *Requests) TryLink(ctx context.Context, u access.ChatUser, key string, at time.Time, most int) (bool, error) {
	if u.Platform == "" || u.User == "" || key == "" {
		return false, fmt.Errorf("try of %s user %q by delivery %q: something is empty", u.Platform, u.User, key)
	}
	may := false
	err := s.db.Update(ctx, StepLinkTry, func(tx Tx) error {
		may = false
		who := bindingKey(u)
		tries, _, err := getJSON[[]tryRecord](tx, bucketLinkTries, who)
		if err != nil {
			return err
		}
		var count []tryRecord
		for _, t := range tries {
			if t.Key == key {
				may = true
				return nil
			}
			if at.Sub(t.At) < keepTries {
				count = append(count, t)
			}
		}
		if len(count) >= most {
			return nil
		}
		may = true
		return putJSON(tx, bucketLinkTries, who, append(count, tryRecord{key, at.UTC()}))
	})
	return may && err == nil, err
}
