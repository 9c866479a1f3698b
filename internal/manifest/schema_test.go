package manifest_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/manifest"
)

// rule is what a schema says of a value: the kind of a leaf and its bounds, or
// how many elements a list may have.
type rule struct {
	least, most int    // characters, or elements of a list; most 0 is no bound
	pattern     string // of a text
	is          string // the only value of a text
	oneOf       []string
	flag        bool // a truth value
}

const (
	idPattern  = `^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$`
	webPattern = `^[Hh][Tt][Tt][Pp][Ss]?://`
)

// teamsRules are those of MicrosoftTeams.schema.json 1.30 for everything that the
// manifest has, and ten commands in a list, which is what Teams shows ("Create a
// commands menu"). Objects take no other members in that schema, so a path that
// is not here is wrong.
func teamsRules() map[string]rule {
	scope := []string{"team", "personal", "groupChat", "copilot"}
	return map[string]rule{
		"$schema": {pattern: webPattern}, "manifestVersion": {is: "1.30"},
		"version": {most: 256, pattern: `^\d+\.\d+\.\d+$`}, "id": {pattern: idPattern},
		"developer.name": {most: 32}, "developer.websiteUrl": {most: 2048, pattern: webPattern},
		"developer.privacyUrl": {most: 2048, pattern: webPattern}, "developer.termsOfUseUrl": {most: 2048, pattern: webPattern},
		"name.short": {most: 30}, "name.full": {most: 100}, "description.short": {most: 80}, "description.full": {most: 4000},
		"icons.outline": {most: 2048, is: "outline.png"}, "icons.color": {most: 2048, is: "color.png"}, "accentColor": {pattern: `^#[0-9a-fA-F]{6}$`},
		"bots[]": {most: 1}, "bots[].botId": {pattern: idPattern}, "bots[].scopes[]": {most: 4, oneOf: scope},
		"bots[].isNotificationOnly": {flag: true}, "bots[].supportsFiles": {flag: true}, "bots[].supportsCalling": {flag: true}, "bots[].supportsVideo": {flag: true},
		"bots[].commandLists[]": {most: 3}, "bots[].commandLists[].scopes[]": {most: 4, oneOf: scope}, "bots[].commandLists[].commands[]": {most: 10},
		"bots[].commandLists[].commands[].title": {most: 128}, "bots[].commandLists[].commands[].description": {most: 4000},
		"composeExtensions[]": {most: 1}, "composeExtensions[].botId": {pattern: idPattern}, "composeExtensions[].commands[]": {most: 10},
		"composeExtensions[].commands[].id": {most: 64}, "composeExtensions[].commands[].type": {oneOf: []string{"query", "action"}},
		"composeExtensions[].commands[].triggers[]": {most: 1, is: "slash"},
		"composeExtensions[].commands[].context[]":  {most: 3, oneOf: []string{"compose", "commandBox", "message"}},
		"composeExtensions[].commands[].title":      {most: 32}, "composeExtensions[].commands[].description": {most: 128}, "composeExtensions[].commands[].fetchTask": {flag: true},
		"permissions[]": {most: 2, oneOf: []string{"identity", "messageTeamMembers"}}, "validDomains[]": {most: 100, pattern: `^[a-z0-9.:-]+$`},
		"defaultInstallScope":         {oneOf: []string{"personal", "team", "groupChat", "meetings", "copilot"}},
		"defaultGroupCapability.team": {oneOf: []string{"tab", "bot", "connector"}}, "defaultGroupCapability.groupchat": {oneOf: []string{"tab", "bot", "connector"}},
	}
}

// slackRules are those of slackapi/manifest-schema, and of the pages "App manifest
// reference" and "Slash commands".
func slackRules() map[string]rule {
	return map[string]rule{
		"display_information.name": {least: 1, most: 35}, "display_information.description": {least: 1, most: 140},
		"display_information.long_description": {least: 175, most: 4000}, "display_information.background_color": {least: 4, most: 7},
		"features.app_home.home_tab_enabled": {flag: true}, "features.app_home.messages_tab_enabled": {flag: true}, "features.app_home.messages_tab_read_only_enabled": {flag: true},
		"features.bot_user.display_name": {most: 80, pattern: `^[a-z0-9._-]+$`}, "features.bot_user.always_online": {flag: true},
		"features.slash_commands[]": {most: 50}, "features.slash_commands[].command": {most: 32, pattern: `^/[a-z0-9_-]+$`},
		"features.slash_commands[].url": {pattern: `^https://`}, "features.slash_commands[].description": {least: 1, most: 2000},
		"features.slash_commands[].usage_hint": {most: 1000}, "features.slash_commands[].should_escape": {flag: true},
		"oauth_config.scopes.bot[]": {most: 255}, "settings.interactivity.is_enabled": {flag: true},
		"settings.interactivity.request_url": {pattern: `^https://`}, "settings.interactivity.message_menu_options_url": {pattern: `^https://`},
		"settings.org_deploy_enabled": {flag: true}, "settings.socket_mode_enabled": {flag: true}, "settings.token_rotation_enabled": {flag: true},
	}
}

// faults walks a manifest and lists what no rule allows.
func faults(v any, path string, rules map[string]rule) []string {
	switch v := v.(type) {
	case map[string]any:
		var out []string
		for k, child := range v {
			out = append(out, faults(child, strings.TrimPrefix(path+"."+k, "."), rules)...)
		}
		return out
	case []any:
		path += "[]"
		r, known := rules[path]
		var out []string
		if !known || len(v) == 0 || r.most > 0 && len(v) > r.most {
			out = append(out, fmt.Sprintf("%s: %d elements", path, len(v)))
		}
		r.most, r.least = 0, 0 // those were of the list
		for _, child := range v {
			if _, nested := child.(map[string]any); nested {
				out = append(out, faults(child, path, rules)...)
			} else if !r.takes(child) {
				out = append(out, fmt.Sprintf("%s: %v", path, child))
			}
		}
		return out
	}
	if r, known := rules[path]; !known || !r.takes(v) {
		return []string{fmt.Sprintf("%s: %v", path, v)}
	}
	return nil
}

func (r rule) takes(v any) bool {
	if _, is := v.(bool); is || r.flag {
		return is && r.flag
	}
	s, ok := v.(string)
	n := utf8.RuneCountInString(s)
	return ok && n >= max(r.least, 1) && (r.most == 0 || n <= r.most) && (r.is == "" || s == r.is) &&
		(r.oneOf == nil || slices.Contains(r.oneOf, s)) && regexp.MustCompile(r.pattern).MatchString(s)
}

func decoded(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestManifestsKeepToTheSchemas, with every value of the caller as long as it may
// be.
func TestManifestsKeepToTheSchemas(t *testing.T) {
	t.Parallel()
	app := teamsApp(t)
	app.Company, app.Terms = strings.Repeat("ü", 32), "https://x.example/"+strings.Repeat("a", 2030)
	teams, slack := decoded(t, must[[]byte](t)(app.Manifest())), decoded(t, must[[]byte](t)(manifest.Slack(site(t))))
	for _, f := range append(faults(teams, "", teamsRules()), faults(slack, "", slackRules())...) {
		t.Error(f)
	}
	for _, need := range []string{"$schema", "manifestVersion", "version", "id", "developer", "name", "description", "icons", "accentColor"} {
		if teams[need] == nil {
			t.Errorf("teams: %s is missing", need)
		}
	}
}

// TestTheRulesFindFaults: the walk above is not blind.
func TestTheRulesFindFaults(t *testing.T) {
	t.Parallel()
	good := string(must[[]byte](t)(teamsApp(t).Manifest()))
	for name, change := range map[string][2]string{
		"long name":          {`"short": "aws-access"`, `"short": "` + strings.Repeat("a", 31) + `"`},
		"long summary":       {`"short": "Ask`, `"short": "` + strings.Repeat("a", 30) + `Ask`},
		"unknown member":     {`"version"`, `"packageName": "x", "version"`},
		"bot that is no id":  {`"botId": "1`, `"botId": "x1`},
		"unknown scope":      {`"groupChat"`, `"channel"`},
		"eleven commands":    {`"commands": [`, `"commands": [{"title": "list", "description": "x"},`},
		"other schema":       {`"manifestVersion": "1.30"`, `"manifestVersion": "1.17"`},
		"text for a flag":    {`"fetchTask": true`, `"fetchTask": "true"`},
		"long action":        {`"Request AWS access"`, `"` + strings.Repeat("a", 33) + `"`},
		"color without hash": {`"#1F6F5C"`, `"1F6F5C"`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: nothing to change", name)
		}
		if len(faults(decoded(t, []byte(bad)), "", teamsRules())) == 0 {
			t.Errorf("%s: no fault is found", name)
		}
	}
}

// TestOfferedCommandsAreCommands of the grammar, and those that most people need.
func TestOfferedCommandsAreCommands(t *testing.T) {
	t.Parallel()
	type commands struct {
		Bots []struct {
			Scopes []string `json:"scopes"`
			Lists  []struct {
				Scopes   []string `json:"scopes"`
				Commands []struct {
					Title string `json:"title"`
				} `json:"commands"`
			} `json:"commandLists"`
		} `json:"bots"`
		Extensions []struct {
			Commands []struct {
				ID string `json:"id"`
			} `json:"commands"`
		} `json:"composeExtensions"`
	}
	var m commands
	if err := json.Unmarshal(must[[]byte](t)(teamsApp(t).Manifest()), &m); err != nil {
		t.Fatal(err)
	}
	var scopes []string
	for _, l := range m.Bots[0].Lists {
		scopes = append(scopes, l.Scopes...)
		var offered []string
		for _, c := range l.Commands {
			offered = append(offered, c.Title)
			if !slices.Contains(chat.Verbs(), c.Title) {
				t.Errorf("%v: %q is no command", l.Scopes, c.Title)
			}
		}
		for _, need := range []string{"request", "status", "cancel", "extend", "revoke", "onboard", "help"} {
			if !slices.Contains(offered, need) {
				t.Errorf("%v: %s is not offered", l.Scopes, need)
			}
		}
	}
	if !slices.Equal(scopes, m.Bots[0].Scopes) {
		t.Errorf("lists for %v, the bot is in %v", scopes, m.Bots[0].Scopes)
	}
	var forms []string
	for _, c := range m.Extensions[0].Commands {
		forms = append(forms, c.ID)
	}
	if !slices.Equal(forms, []string{chat.ActionRequest, chat.ActionOnboard}) {
		t.Errorf("forms are opened for %v", forms)
	}
}
