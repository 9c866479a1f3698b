package bodylimit

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		text string
		most int64
		want error
	}{
		{"nothing", "", 0, nil},
		{"exactly as long as it may be", "abc", 3, nil},
		{"one too long", "abcd", 3, ErrTooLarge},
		{"much too long", strings.Repeat("x", 1<<20), 10, ErrTooLarge},
	}
	for _, tc := range tests {
		for name, wrap := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
			t.Run(tc.name+" "+name, func(t *testing.T) {
				t.Parallel()
				b := Body(io.NopCloser(wrap(strings.NewReader(tc.text))), tc.most)
				got, err := io.ReadAll(b)
				if !errors.Is(err, tc.want) || err == nil && string(got) != tc.text {
					t.Fatalf("got %q, %v; want %v", got, err, tc.want)
				}
				if tc.want == nil {
					return
				}
				if n, err := b.Read(make([]byte, 1)); n != 0 || !errors.Is(err, ErrTooLarge) {
					t.Errorf("read on: %d, %v", n, err)
				}
			})
		}
	}
}
