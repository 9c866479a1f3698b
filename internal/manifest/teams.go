package manifest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// TeamsSchema is the version of the app manifest that is written: the newest
// that is published in the repository microsoft/json-schemas, of August 2026.
const TeamsSchema = "1.30"

// teamsManifest is the part of the app manifest that the bot needs (Microsoft
// Learn, "Microsoft 365 app manifest schema reference"). There is no
// webApplicationInfo: that is for single sign-on, for permissions on a team and
// for installing itself, and the bot does none of them.
type teamsManifest struct {
	Schema      string           `json:"$schema"`
	Manifest    string           `json:"manifestVersion"`
	Version     string           `json:"version"`
	ID          string           `json:"id"`
	Developer   teamsDeveloper   `json:"developer"`
	Name        teamsName        `json:"name"`
	Description teamsDescription `json:"description"`
	Icons       teamsIcons       `json:"icons"`
	Accent      string           `json:"accentColor"`
	Bots        []teamsBot       `json:"bots"`
	Extensions  []teamsExtension `json:"composeExtensions"`
	Permissions []string         `json:"permissions"`
	Domains     []string         `json:"validDomains"`
	Install     string           `json:"defaultInstallScope"`
	Group       teamsGroup       `json:"defaultGroupCapability"`
}

type teamsDeveloper struct {
	Name    string `json:"name"`
	Website string `json:"websiteUrl"`
	Privacy string `json:"privacyUrl"`
	Terms   string `json:"termsOfUseUrl"`
}

type teamsName struct {
	Short string `json:"short"`
	Full  string `json:"full"`
}

type teamsDescription struct {
	Short string `json:"short"`
	Full  string `json:"full"`
}

type teamsIcons struct {
	Outline string `json:"outline"`
	Color   string `json:"color"`
}

type teamsBot struct {
	ID      string             `json:"botId"`
	Scopes  []string           `json:"scopes"`
	OneWay  bool               `json:"isNotificationOnly"`
	Files   bool               `json:"supportsFiles"`
	Calling bool               `json:"supportsCalling"`
	Video   bool               `json:"supportsVideo"`
	Lists   []teamsCommandList `json:"commandLists"`
}

type teamsCommandList struct {
	Scopes   []string       `json:"scopes"`
	Commands []teamsCommand `json:"commands"`
}

type teamsCommand struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

type teamsExtension struct {
	BotID    string        `json:"botId"`
	Commands []teamsAction `json:"commands"`
}

// teamsAction opens the form. With the trigger "slash" it is in the list that
// Teams shows for / as well.
type teamsAction struct {
	ID          string   `json:"id"`
	Type        string   `json:"type"`
	Triggers    []string `json:"triggers"`
	Context     []string `json:"context"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Fetch       bool     `json:"fetchTask"`
}

type teamsGroup struct {
	Team      string `json:"team"`
	GroupChat string `json:"groupchat"`
}

// TeamsApp is what a Teams app package is made of.
type TeamsApp struct {
	Site Site
	// AppID is the Microsoft app id of the Azure Bot. The Teams app has the same
	// id, so that it stays one app whoever makes the package.
	AppID string
	// Version is that of the package, such as 1.0.0. Teams takes a package for
	// another one of the same app only if it is a greater one.
	Version string
	// Company is who runs the bot, shown as its developer.
	Company string
	// Website, Privacy and Terms are pages of the company that Teams shows
	// beside the app. Privacy and Terms are Website if they are "".
	Website, Privacy, Terms string
}

const maxCompany = 32

var (
	guid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	// semver is stricter than the schema, which takes any text of 256 characters
	// and says that it must be one.
	semver = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){2}$`)
)

// check lists all that is wrong.
func (a TeamsApp) check() error {
	var errs []error
	if !guid.MatchString(a.AppID) {
		errs = append(errs, fmt.Errorf("the app id %q is no id; write the Microsoft app id that the Azure Bot shows", a.AppID))
	}
	if !semver.MatchString(a.Version) {
		errs = append(errs, fmt.Errorf("the version %q is none; write three numbers, e.g. 1.0.1", a.Version))
	}
	if n := len([]rune(a.Company)); strings.TrimSpace(a.Company) == "" || n > maxCompany {
		errs = append(errs, fmt.Errorf("the name of the company has %d characters; Teams takes 1 to %d", n, maxCompany))
	}
	for _, page := range []string{a.Website, a.Privacy, a.Terms} {
		if _, err := webPage(page); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Manifest makes the manifest.json of the package.
func (a TeamsApp) Manifest() ([]byte, error) {
	a.AppID = strings.ToLower(a.AppID)
	if a.Privacy == "" {
		a.Privacy = a.Website
	}
	if a.Terms == "" {
		a.Terms = a.Website
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	return encode(teamsManifest{
		Schema:   "https://developer.microsoft.com/json-schemas/teams/v" + TeamsSchema + "/MicrosoftTeams.schema.json",
		Manifest: TeamsSchema, Version: a.Version, ID: a.AppID,
		Developer:   teamsDeveloper{a.Company, a.Website, a.Privacy, a.Terms},
		Name:        teamsName{Name, "AWS access by chat, pull request and review"},
		Description: teamsDescription{"Ask for AWS access, approve it on GitHub, see it live, have it taken away", about},
		Icons:       teamsIcons{Outline: outlineFile, Color: colorFile}, Accent: Accent,
		Bots: []teamsBot{{ID: a.AppID, Scopes: scopes(), Lists: commandLists()}},
		Extensions: []teamsExtension{{BotID: a.AppID, Commands: []teamsAction{
			action("request", "Request AWS access", "Opens the form: account, permission set, for whom, how long, and why"),
			action("onboard", "Onboard an AWS account", "Opens the form: account, name, OU and owners"),
		}}},
		Permissions: []string{"identity", "messageTeamMembers"}, Domains: []string{a.Site.host},
		Install: "team", Group: teamsGroup{"bot", "bot"},
	})
}

// scopes are where the bot may be: with one person, in a team, in a group chat.
func scopes() []string { return []string{"personal", "team", "groupChat"} }

func action(id, title, description string) teamsAction {
	return teamsAction{
		ID: id, Type: "action", Triggers: []string{"slash"}, Context: []string{"compose", "commandBox"},
		Title: title, Description: description, Fetch: true,
	}
}

// commandLists are what Teams offers once the bot is mentioned, one list for
// each scope as the schema wants. They are ten of the commands, which is what
// Teams shows; help has all.
func commandLists() []teamsCommandList {
	commands := []teamsCommand{
		{"request", "Ask for access: opens the form, or in one line: request <account> <permission set> for <group or me> 4h <reason>"},
		{"status", "Your requests, or one: status REQ-…"},
		{"extend", "Ask for the same once more: extend REQ-… 4h"},
		{"revoke", "Give access back: revoke REQ-…"},
		{"cancel", "Close what you asked for: cancel REQ-…"},
		{"onboard", "Bring an AWS account under the config repo: onboard <account id>"},
		{"phase", "How far the migration to single sign-on is"},
		{"cli", "One ~/.aws/config for all that you may use"},
		{"whoami", "Who I take you for"},
		{"help", "All commands"},
	}
	var out []teamsCommandList
	for _, s := range scopes() {
		out = append(out, teamsCommandList{[]string{s}, commands})
	}
	return out
}
