package sandbox

import (
	"embed"
	"io/fs"
	"net/http"
)

// pageFiles are the page and its scripts. It is plain HTML, CSS and JavaScript
// without anything from elsewhere.
//
//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page load its own files and call its own API, nothing
// else: even text that got past the scripts could not run or phone home.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page serves the page at / and its files beside it.
func (s *Sandbox) page() http.Handler {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		files = pageFiles // unreachable: the folder is embedded
	}
	serve := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		serve.ServeHTTP(w, r)
	})
}
