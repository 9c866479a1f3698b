package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"aws-access-bot/internal/gitops"
)

// identify makes sure that owner and name still mean the repository by number,
// and that it can be used.
func (c *Client) identify(ctx context.Context) error {
	c.mu.Lock()
	fresh := !c.checked.IsZero() && c.now().Sub(c.checked) < identityEvery
	c.mu.Unlock()
	if fresh {
		return nil
	}
	return c.identifyNow(ctx)
}

func (c *Client) identifyNow(ctx context.Context) error {
	r, _, err := c.api.Repositories.Get(ctx, c.owner, c.name)
	if err == nil {
		err = c.usable(r)
	} else {
		err = c.lost(ctx, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.checked = time.Time{} // asked again at the next read
		return err
	}
	o := r.GetOwner()
	c.checked, c.holder = c.now(), holder{id: o.GetID(), login: o.GetLogin(), person: o.GetType() == "User"}
	return nil
}

// usable reports what is wrong with the repository that has the name.
func (c *Client) usable(r *gh.Repository) error {
	switch {
	case r.GetID() != c.id:
		return &gitops.UnreachableError{
			Code: gitops.RepoReplaced, Text: fmt.Sprintf("The repository %s/%s has the number %d and not %d: it is another repository.", c.owner, c.name, r.GetID(), c.id),
			Mend: "Find out who put it there; name the right repository in the settings (config_repo) and start again.",
			Err:  errors.New("another repository"),
		}
	case r.GetArchived():
		return &gitops.UnreachableError{
			Code: gitops.RepoArchived, Text: fmt.Sprintf("The repository %s/%s is archived: nothing can be merged or checked there.", c.owner, c.name),
			Mend: "Unarchive it.", Err: errors.New("archived"),
		}
	}
	return nil
}

// lost explains why the repository could not be read. GitHub answers for a
// repository that moved with a redirect to its number, which is not followed:
// only where it leads is looked up, by the number of the settings.
func (c *Client) lost(ctx context.Context, err error) error {
	var answer *gh.ErrorResponse
	status := 0
	if errors.As(err, &answer) && answer.Response != nil {
		status = answer.Response.StatusCode
	}
	err = c.wrap(fmt.Sprintf("read repository %s/%s", c.owner, c.name), err)
	out := &gitops.UnreachableError{Err: err}
	switch {
	case status >= 300 && status < 400:
		c.moved(ctx, out)
	case errors.Is(err, gitops.ErrNotFound):
		out.Code, out.Text = gitops.RepoGone, fmt.Sprintf("The repository %s/%s is deleted, or the App may not see it.", c.owner, c.name)
		out.Mend = "Restore it, or give the App's installation access to it."
	default:
		return c.denied(err)
	}
	return out
}

// moved says where the repository went.
func (c *Client) moved(ctx context.Context, out *gitops.UnreachableError) {
	out.Code, out.Text = gitops.RepoRenamed, fmt.Sprintf("The repository %s/%s was renamed or transferred.", c.owner, c.name)
	out.Mend = "Name it in the settings as it is called now (config_repo) and start again, if the move was meant; else move it back."
	var now struct {
		ID    int64  `json:"id"`
		Full  string `json:"full_name"`
		Owner struct {
			Login string `json:"login"`
		} `json:"owner"`
	}
	if _, err := c.get(ctx, fmt.Sprintf("repositories/%d", c.id), &now); err != nil || now.ID != c.id || !plainName(now.Full) {
		return // the redirect alone says that it moved
	}
	out.Text = fmt.Sprintf("The repository %s/%s is now called %s.", c.owner, c.name, now.Full)
	if !strings.EqualFold(now.Owner.Login, c.owner) {
		out.Code = gitops.RepoTransferred
		out.Text = fmt.Sprintf("The repository %s/%s was transferred, or its owner renamed: it is now %s.", c.owner, c.name, now.Full)
	}
}

// plainName reports whether a name has only what names of repositories have.
func plainName(s string) bool {
	return s != "" && len(s) < 200 && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./", r))
	}) < 0
}

// denied makes a refusal of what every look reads one that lasts.
func (c *Client) denied(err error) error {
	var known *gitops.UnreachableError
	if !errors.Is(err, gitops.ErrDenied) || errors.As(err, &known) {
		return err
	}
	return &gitops.UnreachableError{
		Code: gitops.AppPermission, Text: fmt.Sprintf("GitHub refuses the App to read %s/%s.", c.owner, c.name),
		Mend: "Give the App the permissions that the set-up names, and accept them for the installation.", Err: err,
	}
}

// notMinted explains why no installation token was given. The answers are
// those of "Create an installation access token for an app".
func notMinted(status int, message string, err error) error {
	out := &gitops.UnreachableError{Err: err}
	low := strings.ToLower(message)
	switch {
	case status == http.StatusNotFound:
		out.Code, out.Text = gitops.AppUninstalled, "The App is not installed any more, or the installation has another number."
		out.Mend = "Install it on the config repo again and put the installation's number into the settings."
	case status == http.StatusForbidden && strings.Contains(low, "suspended"):
		out.Code, out.Text = gitops.AppSuspended, "The App's installation is suspended."
		out.Mend = "Unsuspend it in the organization's settings, under GitHub Apps."
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		out.Code, out.Text = gitops.AppRefused, "GitHub refuses the App's private key."
		out.Mend = "Check the App's number, whether its key was revoked, and the clock of this machine."
	case status == http.StatusUnprocessableEntity && strings.Contains(low, "repositor"):
		out.Code, out.Text = gitops.RepoGone, "The config repo is deleted, or was taken out of the App's installation."
		out.Mend = "Restore it, or give the App's installation access to it."
	case status == http.StatusUnprocessableEntity:
		out.Code, out.Text = gitops.AppPermission, "The installation does not grant the App all that it needs."
		out.Mend = "Give the App the permissions that the set-up names, and accept them for the installation."
	default:
		return err
	}
	return out
}
