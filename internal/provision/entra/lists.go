package entra

import (
	"errors"
	"fmt"
	"net/url"
)

// page is how many objects are asked for at once: the most that Graph gives of
// users, groups and assignments.
const page = 999

// collection is one page of a list, as the SDK has it.
type collection[T any] interface {
	comparable
	GetValue() []T
	GetOdataNextLink() *string
}

// errNoContent means that an answer without an error had nothing in it.
var errNoContent = errors.New("no content in the answer")

// got checks the result of a call that has one.
func got[T comparable](op string, v T, err error) (T, error) {
	var none T
	if err != nil {
		return none, mapped(op, err)
	}
	if v == none {
		return none, fmt.Errorf("%s: %w", op, errNoContent)
	}
	return v, nil
}

// each visits every element of a list, all pages of it, until visit returns
// false. get is called with "" for the first page, then with the next links. A
// page without a list is an error: it must not look like an empty one.
func each[T any, P collection[T]](c *Client, op string, get func(next string) (P, error), visit func(T) bool) error {
	seen := map[string]bool{}
	for next := ""; ; {
		res, err := get(next)
		if res, err = got(op, res, err); err != nil {
			return err
		}
		if res.GetValue() == nil {
			return fmt.Errorf("%s: %w", op, errNoContent)
		}
		for _, v := range res.GetValue() {
			if !visit(v) {
				return nil
			}
		}
		if next = value(res.GetOdataNextLink()); next == "" {
			return nil
		}
		if err := c.sameHost(next); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		if seen[next] {
			return fmt.Errorf("%s: a next link came twice", op)
		}
		seen[next] = true
	}
}

// sameHost refuses a next link that leads to another host, or that carries
// credentials of its own.
func (c *Client) sameHost(link string) error {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.Host != c.host || u.User != nil {
		return fmt.Errorf("next link leads away from https://%s", c.host)
	}
	return nil
}
