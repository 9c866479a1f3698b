package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser is the sandbox page in a real browser.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// openPage shows a page in Chromium, or skips where there is none.
func openPage(t *testing.T, url string) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed (Debian: apt-get install chromium): the page is not tested")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath(path))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	b := &browser{t, ctx}
	b.do(chromedp.EmulateViewport(1440, 960), chromedp.Navigate(url))
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// until waits for a JavaScript expression to be true.
func (b *browser) until(expression string) {
	b.t.Helper()
	poll := chromedp.Poll[bool](expression, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(40*time.Second))
	if _, err := chromedp.Run(b.ctx, poll); err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		b.t.Fatalf("waiting for %s: %v\npage:\n%s", expression, err, text)
	}
}

// shows waits until an element that is seen has a text.
func (b *browser) shows(selector, text string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.checkVisibility() && e.textContent.includes(%q))`, selector, text))
}

// click clicks an element as soon as a person could. Looking and clicking are
// one step, since the page replaces what has changed.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (e === null || !e.checkVisibility() || e.disabled) return false; e.click(); return true; })()`, selector))
}

func (b *browser) write(selector, keys string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(selector), chromedp.SendKeys(selector, keys))
}

// choose picks an option of a type-ahead field.
func (b *browser) choose(field, typed, value string) {
	b.t.Helper()
	b.write("#in-"+field, typed)
	b.do(chromedp.WaitVisible(`[data-value="`+value+`"]`), chromedp.Click(`[data-value="`+value+`"]`))
}

// picture saves what is shown, when SCREENSHOTS names a folder.
func (b *browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// TestHappyPathOnThePage walks a grant by form on the sandbox page against the
// real bot: Hana asks, Yuki approves, the bot merges, the access gets live. With
// SCREENSHOTS set to a folder it leaves pictures there, README's among them.
func TestHappyPathOnThePage(t *testing.T) {
	r := start(t, 100)
	b := openPage(t, r.sbx.URL()+"/")
	b.click("#person-hana")
	b.write("#composer", "/aws-access request\n")
	b.shows("#modal-title", "Request AWS access")
	b.choose("group", "payments-dev", "aws-payments-dev")
	b.choose("account", "payments-dev", "payments-dev")
	b.choose("permission_set", "Power", "PowerUserAccess")
	b.write("#in-duration", "4h")
	b.write("#in-reason", "looking into the refund bug")
	b.picture("form")
	b.click("button.submit")
	b.shows("#messages", "Waiting for review on GitHub")
	b.click("#person-yuki")
	b.click("#tab-pulls")
	b.click(".pull-row")
	b.shows("#panel-pulls", "needs 1 approval")
	b.shows("#panel-pulls .line.add .text", "permission_set: PowerUserAccess")
	b.picture("review")
	// What is approved in the very second the check was shown counts as before
	// it: GitHub's times are whole seconds.
	b.until(`(window.shownIn ??= Math.floor(Date.now() / 1000)) < Math.floor(Date.now() / 1000)`)
	b.click("#approve")
	b.shows("#messages", "Live: ")
	b.shows("#messages", "sso_account_id = 111122224444")
	b.picture("sandbox")
	b.click("#tab-map")
	b.shows(`[data-account="111122224444"] .row.new`, "aws-payments-dev")
	b.picture("map")
}

// TestHappyPathInTeamsOnThePage walks the same way in Teams: the mention is
// answered with a card, its button opens the dialog, and the card of the request
// is edited until the access is live.
func TestHappyPathInTeamsOnThePage(t *testing.T) {
	r := start(t, 100)
	b := openPage(t, r.sbx.URL()+"/#teams")
	b.click("#person-hana")
	b.write("#composer", "@aws-access request\n")
	b.click(`.ac [data-action="Request AWS access"]`)
	b.shows("#modal-title", "Request AWS access")
	b.choose("group", "payments-dev", "aws-payments-dev")
	b.choose("account", "payments-dev", "payments-dev")
	b.choose("permission_set", "Power", "PowerUserAccess")
	b.write("#in-duration", "soon")
	b.write("#in-reason", "looking into the refund bug")
	b.click("button.submit")
	b.shows(".modal", "soon")
	b.picture("teams-dialog")
	b.do(chromedp.SetValue("#in-duration", "4h"))
	b.click("button.submit")
	b.shows("#messages .ac", "Waiting for review on GitHub")
	b.shows("#messages .ac .mention", "Hana Sato")
	b.click("#person-yuki")
	b.click("#tab-pulls")
	b.click(".pull-row")
	b.shows("#panel-pulls", "needs 1 approval")
	b.until(`(window.shownIn ??= Math.floor(Date.now() / 1000)) < Math.floor(Date.now() / 1000)`)
	b.click("#approve")
	b.shows("#messages .ac", "Live: ")
	b.shows("#messages .ac", "sso_account_id = 111122224444")
	b.picture("sandbox-teams")
	b.click("#chat-slack")
	b.shows("#room-name", "#aws-access")
	b.until(`!document.querySelector("#messages").textContent.includes("Live: ")`)
}

// TestOnboardingOnThePage asks for an account by the form, with several owners:
// each stands above the field, and goes with a click.
func TestOnboardingOnThePage(t *testing.T) {
	r := start(t, 100)
	b := openPage(t, r.sbx.URL()+"/")
	b.click("#person-hana")
	b.write("#composer", "/aws-onboard 333344443333\n")
	b.shows("#modal-title", "Onboard an account")
	b.choose("ou", "/Workloads/D", "/Workloads/Dev")
	b.choose("owners", "mio", "mio@example.com")
	b.shows(".chip", "mio@example.com")
	b.choose("owners", "team:pay", "team:payments-leads")
	b.click(`.chip[data-value="mio@example.com"]`)
	b.picture("onboard")
	b.click("button.submit")
	b.shows("#messages", "a member, in /")
	b.shows("#messages", "Waiting for review on GitHub")
	b.until(`!document.querySelector("#messages").textContent.includes("mio@example.com")`)
	b.shows("#messages", "team:payments-leads")
}
