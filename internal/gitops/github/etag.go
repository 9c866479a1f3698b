package github

import (
	"bytes"
	"container/list"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

const (
	// maxKept and maxKeptBytes bound the answers that are kept; a look reads
	// about five for each open pull request.
	maxKept      = 4096
	maxKeptBytes = 16 << 20
	// maxKeptBody is the largest answer that is kept.
	maxKeptBody = 1 << 20
)

// conditional makes reads conditional on the last answer to the same address:
// a 304 costs nothing of an authorized caller's primary limit (best practices
// for using the REST API: use conditional requests), and stands for that
// answer. It keeps answers of one [Client], which is one installation and one
// repository, and sees no credential, so none is answered with what another
// was shown; GitHub decides with each request whether the answer still holds
// and whether the credential may have it.
type conditional struct {
	next http.RoundTripper
	kept answers
}

// answer is a 200 that can be given again.
type answer struct {
	key  string
	etag string
	// header has what readers of the answer use beside its body.
	header http.Header
	body   []byte
}

func (a *answer) cost() int { return len(a.body) + len(a.key) + 512 }

func newConditional(next http.RoundTripper) *conditional {
	return &conditional{next: next, kept: answers{order: list.New(), items: map[string]*list.Element{}}}
}

// conditionable reports whether a request is worth it: a read that says
// nothing about conditions itself, and not of git objects, whose ids say all
// and which package gitops keeps, nor of the payload of a webhook, which is read
// once.
func conditionable(r *http.Request) bool {
	if r.Method != http.MethodGet || r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != "" || r.Header.Get("Range") != "" {
		return false
	}
	for _, object := range []string{"/git/blobs/", "/git/trees/", "/git/commits/", "/app/hook/deliveries/"} {
		if strings.Contains(r.URL.Path, object) {
			return false
		}
	}
	return true
}

// RoundTrip implements [http.RoundTripper].
func (c *conditional) RoundTrip(r *http.Request) (*http.Response, error) {
	if !conditionable(r) {
		return c.next.RoundTrip(r)
	}
	key := r.URL.String() + "\n" + r.Header.Get("Accept")
	old := c.kept.get(key)
	if old == nil {
		return c.fresh(r, key)
	}
	asked := r.Clone(r.Context())
	asked.Header.Set("If-None-Match", old.etag)
	resp, err := c.next.RoundTrip(asked)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusNotModified {
		return c.keep(resp, key)
	}
	_ = resp.Body.Close() // a 304 has no body
	if now := resp.Header.Get("ETag"); now != "" && weak(now) != weak(old.etag) {
		// The answer is about something that was not asked: ask plainly.
		c.kept.drop(key)
		return c.fresh(r, key)
	}
	return old.again(r, resp), nil
}

func (c *conditional) fresh(r *http.Request, key string) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return c.keep(resp, key)
}

// weak is an entity tag without the mark that it is a weak one, which proxies
// add: If-None-Match compares without it (RFC 9110, 8.8.3.2).
func weak(etag string) string { return strings.TrimPrefix(etag, "W/") }

// keep returns an answer, and keeps it if it is a whole 200 with a tag.
func (c *conditional) keep(resp *http.Response, key string) (*http.Response, error) {
	etag := resp.Header.Get("ETag")
	if resp.StatusCode != http.StatusOK || etag == "" {
		return resp, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeptBody+1))
	if err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	if len(body) > maxKeptBody {
		resp.Body = rest{io.MultiReader(bytes.NewReader(body), resp.Body), resp.Body}
		return resp, nil
	}
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	a := &answer{key: key, etag: etag, header: http.Header{}, body: body}
	for _, name := range []string{"Content-Type", "Link", "ETag"} {
		if v := resp.Header.Values(name); len(v) > 0 {
			a.header[name] = v
		}
	}
	c.kept.put(a)
	return resp, nil
}

// rest is a body whose beginning was read already.
type rest struct {
	io.Reader
	io.Closer
}

// again is the kept answer under the headers of the 304: limits and date are
// those of now.
func (a *answer) again(r *http.Request, now *http.Response) *http.Response {
	h := now.Header.Clone()
	for _, name := range []string{"Content-Type", "Link", "ETag"} {
		h.Del(name)
	}
	for name, v := range a.header {
		h[name] = v
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: now.Proto, ProtoMajor: now.ProtoMajor, ProtoMinor: now.ProtoMinor,
		Header: h, Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r, TLS: now.TLS,
	}
}

// answers keeps what was used last. It is safe for use by several goroutines.
type answers struct {
	// mu guards what follows.
	mu    sync.Mutex
	cost  int
	order *list.List // of *answer, newest in front
	items map[string]*list.Element
}

func (c *answers) get(key string) *answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.items[key]
	if !ok {
		return nil
	}
	c.order.MoveToFront(el)
	return el.Value.(*answer)
}

func (c *answers) put(a *answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(c.items[a.key])
	c.items[a.key] = c.order.PushFront(a)
	for c.cost += a.cost(); c.cost > maxKeptBytes || c.order.Len() > maxKept; {
		c.remove(c.order.Back())
	}
}

func (c *answers) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(c.items[key])
}

func (c *answers) remove(el *list.Element) {
	if el == nil {
		return
	}
	a := c.order.Remove(el).(*answer)
	delete(c.items, a.key)
	c.cost -= a.cost()
}
