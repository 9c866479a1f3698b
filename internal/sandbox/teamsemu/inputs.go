package teamsemu

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Choice is one thing to choose.
type Choice struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// offer names a type-ahead field on somebody's screen: what was offered there may
// be chosen.
type offer struct {
	person *User
	place  string // a message's or a dialog's id
	field  string
}

// form is the inputs of an action with what a person entered.
type form struct {
	inputs  []object
	values  map[string]string
	offered func(field string) []Choice
}

// gather returns the values that go with a click. An input that was not touched has
// its own value. errs has what the client says beside the inputs, and then nothing is
// sent; err is what no client lets a person do.
func (f form) gather() (data object, errs map[string]string, err error) {
	data, errs = object{}, map[string]string{}
	for id := range f.values {
		if !slices.ContainsFunc(f.inputs, func(o object) bool { return text(o, "id") == id }) {
			return nil, nil, errNoSuch("input", id)
		}
	}
	for _, in := range f.inputs {
		id := text(in, "id")
		v, touched := f.values[id]
		if !touched {
			v = initial(in)
		}
		ok, err := f.valid(in, v)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("input %q: %w", id, err)
		case !ok:
			// Where there is no message of its own, the client shows a general one.
			errs[id] = cmp.Or(text(in, "errorMessage"), "This input is required or not valid.")
		case v != "" || sendsEmpty(in):
			data[id] = v
		}
	}
	return data, errs, nil
}

// sendsEmpty reports whether an input that is empty is sent as "" (adaptivecards for
// JavaScript, which Teams renders with: text, date and time; not numbers and choices).
func sendsEmpty(in object) bool {
	switch text(in, "type") {
	case "Input.Text", "Input.Date", "Input.Time":
		return true
	}
	return false
}

// initial is the value an input begins with.
func initial(in object) string {
	if text(in, "type") == "Input.Toggle" {
		return cmp.Or(scalar(in["value"]), cmp.Or(text(in, "valueOff"), "false"))
	}
	return scalar(in["value"])
}

func scalar(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// valid reports whether the client sends the value. An error is a value that cannot
// be entered.
func (f form) valid(in object, v string) (bool, error) {
	kind := text(in, "type")
	if v == "" {
		required, _ := in["isRequired"].(bool)
		return !required, nil
	}
	switch kind {
	case "Input.Text":
		return validText(in, v)
	case "Input.Number":
		return validNumber(in, v)
	case "Input.Date":
		return validTime(in, v, time.DateOnly)
	case "Input.Time":
		return validTime(in, v, "15:04")
	case "Input.Toggle":
		on, off := cmp.Or(text(in, "valueOn"), "true"), cmp.Or(text(in, "valueOff"), "false")
		if v != on && v != off {
			return false, fmt.Errorf("%q is neither %q nor %q", v, on, off)
		}
		required, _ := in["isRequired"].(bool)
		return !required || v == on, nil // a required toggle must be on
	}
	return true, f.chosen(in, v)
}

func validText(in object, v string) (bool, error) {
	if n, ok := number(in["maxLength"]); ok && len([]rune(v)) > int(n) {
		return false, fmt.Errorf("the text is longer than %v characters, which the client does not take", n)
	}
	if multi, _ := in["isMultiline"].(bool); !multi && strings.ContainsAny(v, "\r\n") {
		return false, errors.New("a line break cannot be entered")
	}
	pattern := text(in, "regex")
	if pattern == "" {
		return true, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return true, nil // a pattern of another dialect: not checked
	}
	return re.MatchString(v), nil
}

func validNumber(in object, v string) (bool, error) {
	n, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return false, fmt.Errorf("%q is no number", v)
	}
	least, hasLeast := number(in["min"])
	most, hasMost := number(in["max"])
	return (!hasLeast || n >= least) && (!hasMost || n <= most), nil
}

func validTime(in object, v, layout string) (bool, error) {
	if _, err := time.Parse(layout, v); err != nil {
		return false, fmt.Errorf("%q is not like %s", v, layout)
	}
	least, most := text(in, "min"), text(in, "max")
	return (least == "" || v >= least) && (most == "" || v <= most), nil
}

func number(v any) (float64, bool) {
	if v == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	return n, err == nil
}

// chosen wants every value to be one of the choices: those of the card, those that
// type-ahead has offered, and what the input began with.
func (f form) chosen(in object, v string) error {
	parts := []string{v}
	if multi, _ := in["isMultiSelect"].(bool); multi {
		parts = strings.Split(v, ",")
	}
	var may []string
	for _, c := range list(in, "choices") {
		may = append(may, text(c, "value"))
	}
	if f.offered != nil {
		for _, c := range f.offered(text(in, "id")) {
			may = append(may, c.Value)
		}
	}
	may = append(may, strings.Split(initial(in), ",")...)
	for _, p := range parts {
		if !slices.Contains(may, p) {
			return fmt.Errorf("%q was not offered", p)
		}
	}
	return nil
}
