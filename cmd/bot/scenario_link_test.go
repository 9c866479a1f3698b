package main

import "regexp"

// linked has somebody whom the bot does not know be linked, and then says who
// the bot takes her for.
func linked(w *world) (string, error) {
	if err := w.ask("nina", "link nina@example.com"); err != nil {
		return "", err
	}
	request, err := w.opened(1)
	if err != nil {
		return "", err
	}
	for _, person := range []string{"ken", "lena"} {
		if err := w.review(person, 1, "APPROVE", ""); err != nil {
			return "", err
		}
	}
	if err := w.checked(1, "success", anything()); err != nil {
		return "", err
	}
	if _, err := w.merge("ken", 1, "squash", false); err != nil {
		return "", err
	}
	if err := w.told(request, `Done: linked`, `You are linked now`); err != nil {
		return "", err
	}
	if err := w.ask("nina", "whoami"); err != nil {
		return "", err
	}
	if err := w.saying("nina's private messages", regexp.MustCompile(`000000000033`), privately("nina")); err != nil {
		return "", err
	}
	return "pull 1: good", w.pulls(1)
}
