package sandbox

import (
	"context"
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser is a page of the sandbox in a real browser.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// open shows a page. Without Chromium the test is skipped.
func open(t *testing.T, url string) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the page is not tested in the browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed (Debian: apt-get install chromium): the page is not tested")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath(path))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...) // t.Context ends before the cleanup looks at the console
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	b := &browser{t, ctx}
	b.do(chromedp.EmulateViewport(1280, 900))
	messages := chromedp.Console(ctx)
	t.Cleanup(func() {
		b.do(chromedp.Evaluate[chromedp.Void](`console.info("the end")`))
		for m, err := range messages {
			if err != nil || m.Text == "the end" {
				return
			}
			if m.IsException() || m.Type == "error" && m.Source != "network" { // a refusal of GitHub is an HTTP error too
				t.Errorf("the page says: %s", m)
			}
		}
	})
	b.do(chromedp.Navigate(url))
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(selector), chromedp.Click(selector))
}

func (b *browser) write(selector, keys string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(selector), chromedp.SendKeys(selector, keys))
}

// until waits for a JavaScript expression to be true.
func (b *browser) until(expression string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(time.Minute))); err != nil {
		b.t.Fatalf("waiting for %s: %v", expression, err)
	}
}

// shows waits until an element has a text.
func (b *browser) shows(selector, text string) {
	b.t.Helper()
	b.until(`[...document.querySelectorAll("` + selector + `")].some((e) => e.textContent.includes("` + text + `"))`)
}

func TestThePageTakesAPersonThroughAForm(t *testing.T) {
	t.Parallel()
	s := running(t)
	server := httptest.NewServer(&shopBot{t: t, s: s})
	t.Cleanup(server.Close)
	if err := s.SetBotURL(server.URL); err != nil {
		t.Fatal(err)
	}
	b := open(t, s.URL())
	b.write("#composer", "/aws-access request\n")
	b.shows("#modal-title", "Shop")
	b.click("button.submit")
	b.shows(".field-error", "Please complete this required field.")
	b.click("#in-what")
	b.click(`[data-value="tea"]`)
	b.write("#in-reason", "bad")
	b.click("button.submit")
	b.shows(".field-error", "That is no reason.")
	b.until(`document.querySelector("#in-what").value === "Tea"`)
	b.do(chromedp.Clear("#in-reason"))
	b.write("#in-reason", "good\n")
	b.shows(".bk-button", "Cancel")
	b.until(`document.querySelector("#shade").hidden`)
	b.click("#person-ken")
	b.write("#composer", "hello from Ken\n")
	b.shows(".message-body", "hello from Ken")
	b.until(`document.querySelector("#composer").value === ""`)
}

func TestThePageReviewsAndShowsTheMap(t *testing.T) {
	t.Parallel()
	s := running(t)
	post(t, s, "as/ken/github/push", `{"branch":"ken/x","files":{"groups/aws-orders-dev.yaml":"id: 1\n"},"message":"try"}`)
	post(t, s, "as/ken/github/pull", `{"head":"ken/x","title":"Try","body":"## Why\n\nBecause **so**.\n\n| a | b |\n|---|---|\n| 1 | 2 |"}`)
	b := open(t, s.URL()+"/github/acme/aws-access-config/pull/1")
	b.shows(".md strong", "so")
	b.shows(".md td", "2")
	b.shows(".line.add .text", "id: 1")
	b.until(`document.querySelector("#merge").disabled`)
	b.click("#person-yuki")
	b.write("#review-text", "fine")
	b.click("#approve")
	b.shows(".remark", "yuki-lead approved")
	b.until(`document.querySelector("#review-text").value === ""`)
	b.click("#person-ken")
	b.click("#approve")
	b.shows("#review-status", "own pull request")
	b.click("#tab-map")
	b.shows(`.row.undeclared[data-principal='aws-data-analysts']`, "not in the config repo")
	post(t, s, "aws/assignments", `{"account":"sandbox-play","permission_set":"ReadOnlyAccess","group":"aws-payments-dev"}`)
	b.shows(`[data-account='222233336666'] .row.new`, "aws-payments-dev")
	b.click("#tab-activity")
	b.shows(".panel-head h2", "Activity")
	b.click("#tab-world")
	b.click("#cycle")
	b.shows("#world-status", "The cycle has run.")
}

func TestThePagePlaysTheOwnersOfAccounts(t *testing.T) {
	t.Parallel()
	s := running(t)
	b := open(t, s.URL()+"/#accounts")
	const shop, crm = "[data-holding='444455551111']", "[data-holding='333344441111']"
	b.shows("#accounts-note", "17 of 30 accounts")
	b.shows(crm+" summary", "6 IAM users, 2 used this week")
	b.shows(crm+" .stage", "legacy")
	b.click(shop + " summary")
	b.click(shop + " .holding-body .button")
	b.shows("#count-accounts", "1")
	b.shows(".shake .muted", "expires in 15 days")
	b.click(".shake .button.good")
	b.shows(".shake[data-state='ACCEPTED']", "globex-shop")
	b.until(`document.querySelector("#count-accounts").hidden`)
	b.shows("[id='in-/'] "+shop, "no file")
	b.until(`document.querySelector("` + shop + `").open === false`) // it is another row now
	b.click("[id='in-/'] " + shop + " summary")
	b.do(chromedp.Evaluate[chromedp.Void](`(() => { const s = document.querySelector("` + shop + ` select"); s.value = "/Workloads/Prod"; s.dispatchEvent(new Event("change")); })()`))
	b.shows("[id='in-/Workloads/Prod']", "globex-shop")
	b.click(crm + " summary")
	b.click(crm + " [data-user='initech.milton'] .quiet")
	b.shows("#accounts-status", "signed in")
	b.shows(crm+" summary", "3 used this week")
	b.until(`document.querySelector("` + crm + `").open`) // what was open stays so
}

// Text of people is text, wherever it shows.
func TestThePageRunsNothingThatPeopleWrite(t *testing.T) {
	t.Parallel()
	s := running(t)
	const evil = `<img src=x onerror=alert(1)> <script>alert(2)</script> [x](javascript:alert(3)) <javascript:alert(4)|y> *bold* <https://ok.example/a|ok>`
	post(t, s, "as/hana/post", `{"channel":"C0AWS","text":"`+evil+`"}`)
	post(t, s, "as/hana/github/push", `{"branch":"hana/x","files":{"<b>.md":"<i>hi</i>\n"},"message":"try"}`)
	post(t, s, "as/hana/github/pull", `{"head":"hana/x","title":"`+evil+`","body":"`+evil+`"}`)
	post(t, s, "as/yuki/github/review", `{"pull":1,"event":"REQUEST_CHANGES","body":"`+evil+`"}`)
	b := open(t, s.URL()+"/#pull-1")
	b.shows(".message-body strong", "bold")
	b.shows(".message-body a", "ok")
	b.shows(".remark-body", "<script>alert(2)</script>")
	b.shows(".line .text", "<i>hi</i>")
	b.shows(".pull-name", "onerror=alert(1)")
	b.until(`document.querySelectorAll("img, i, body script, iframe, object, a[href^='javascript']").length === 0`)
}
