package awsemu

import (
	"strings"
	"time"
)

// iamDate is a time as iam writes it in XML: in whole seconds.
func iamDate(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type wireIAMUser struct {
	Path, UserName, UserId, Arn, CreateDate string
	PasswordLastUsed                        string `xml:",omitempty"`
}

type wireUsers struct {
	wireMore
	Users []wireIAMUser `xml:"Users>member"`
}

func listIAMUsers(s *Server, c *queryCall) (any, error) {
	prefix := c.form.Get("PathPrefix")
	if err := c.check(func(v *checks) { v.optional("pathPrefix", prefix, shapePrefix) }); err != nil {
		return nil, err
	}
	var items []wireIAMUser
	for _, u := range s.iamOf(c.accountID, c.now).sorted() {
		if !strings.HasPrefix(u.Path, prefix) {
			continue
		}
		w := wireIAMUser{
			Path: u.Path, UserName: u.Name, UserId: "AIDA" + idLetters(c.accountID+u.Name),
			Arn: userARN(c.accountID, u), CreateDate: iamDate(u.Created),
		}
		if u.Password != nil && !u.Password.LastUsed.IsZero() {
			w.PasswordLastUsed = iamDate(u.Password.LastUsed)
		}
		items = append(items, w)
	}
	shown, more, err := iamCut(s, c, items, func(u wireIAMUser) string { return strings.ToLower(u.UserName) }, prefix)
	if err != nil {
		return nil, err
	}
	return s.answer(c, wireUsers{more, shown}), nil
}

func userARN(account string, u *IAMUser) string {
	return "arn:aws:iam::" + account + ":user" + u.Path + u.Name
}

// namedUser finds the user that a call names, which a session must do.
func (s *Server) namedUser(c *queryCall) (*IAMUser, error) {
	name := c.form.Get("UserName")
	if name == "" {
		if c.temporary {
			return nil, invalidQuery("Must specify userName when calling with non-User credentials")
		}
		name = c.arn[strings.LastIndex(c.arn, "/")+1:]
	}
	if err := c.check(func(v *checks) { v.required("userName", name, shapeIAMUser) }); err != nil {
		return nil, err
	}
	u, ok := s.iamOf(c.accountID, c.now).user(name)
	if !ok {
		return nil, noEntity("The user with name %s cannot be found.", name)
	}
	return u, nil
}

type wireKey struct{ UserName, AccessKeyId, Status, CreateDate string }

type wireKeys struct {
	wireMore
	Keys []wireKey `xml:"AccessKeyMetadata>member"`
}

func listAccessKeys(s *Server, c *queryCall) (any, error) {
	u, err := s.namedUser(c)
	if err != nil {
		return nil, err
	}
	var items []wireKey
	for _, k := range u.Keys {
		status := "Active"
		if k.Inactive {
			status = "Inactive"
		}
		items = append(items, wireKey{u.Name, k.ID, status, iamDate(k.Created)})
	}
	shown, more, err := iamCut(s, c, items, func(k wireKey) string { return k.AccessKeyId }, u.Name)
	if err != nil {
		return nil, err
	}
	return s.answer(c, wireKeys{more, shown}), nil
}

type wireLastUsed struct {
	UserName          string
	AccessKeyLastUsed struct {
		LastUsedDate        string `xml:",omitempty"`
		ServiceName, Region string
	}
}

// accessKeyLastUsed tells of a key of the caller's account. What another key
// answers is not documented.
func accessKeyLastUsed(s *Server, c *queryCall) (any, error) {
	id := c.form.Get("AccessKeyId")
	if err := c.check(func(v *checks) { v.required("accessKeyId", id, shapeAccessKey) }); err != nil {
		return nil, err
	}
	u, i, ok := s.iamOf(c.accountID, c.now).keyOwner(id)
	if !ok {
		return nil, noEntity("The Access Key with id %s cannot be found.", id)
	}
	k := u.Keys[i]
	out := wireLastUsed{UserName: u.Name}
	out.AccessKeyLastUsed.ServiceName, out.AccessKeyLastUsed.Region = notApplicable, notApplicable
	if !k.LastUsed.IsZero() {
		out.AccessKeyLastUsed.LastUsedDate = iamDate(k.LastUsed)
		out.AccessKeyLastUsed.ServiceName, out.AccessKeyLastUsed.Region = orNone(k.Service), orNone(k.Region)
	}
	return s.answer(c, out), nil
}

type wireLogin struct {
	Profile struct {
		UserName, CreateDate  string
		PasswordResetRequired bool
	} `xml:"LoginProfile"`
}

func getLoginProfile(s *Server, c *queryCall) (any, error) {
	u, err := s.namedUser(c)
	if err != nil {
		return nil, err
	}
	if u.Password == nil {
		return nil, noEntity("Login Profile for User %s cannot be found.", u.Name)
	}
	var out wireLogin
	out.Profile.UserName, out.Profile.CreateDate = u.Name, iamDate(u.Password.Created)
	return s.answer(c, out), nil
}
