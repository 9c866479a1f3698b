package teamsemu

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf16"
)

// object is a JSON object.
type object = map[string]any

// account is a person or bot on the wire.
type account struct {
	ID          string `json:"id"`
	Name        string `json:"name,omitempty"`
	AADObjectID string `json:"aadObjectId,omitempty"`
}

// attachment is something in a message.
type attachment struct {
	ContentType string          `json:"contentType"`
	Content     json.RawMessage `json:"content,omitempty"`
	ContentURL  string          `json:"contentUrl,omitempty"`
	Name        string          `json:"name,omitempty"`
}

// cardType is the content type of an Adaptive Card.
const cardType = "application/vnd.microsoft.card.adaptive"

// activity is what the bot sends (botframework-channel.json of
// microsoft/botframework-sdk); members that Teams does not look at are left out.
type activity struct {
	Type             string       `json:"type"`
	Text             string       `json:"text"`
	TextFormat       string       `json:"textFormat"`
	Summary          string       `json:"summary"`
	Attachments      []attachment `json:"attachments"`
	AttachmentLayout string       `json:"attachmentLayout"`
	Entities         []object     `json:"entities"`
	ReplyToID        string       `json:"replyToId"`
	Recipient        *account     `json:"recipient"`
	From             *account     `json:"from"`
	ChannelData      object       `json:"channelData"`
}

// decode parses JSON text and keeps its numbers as they were written.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, strconv.ErrSyntax
	}
	return v, nil
}

// encode returns the JSON of a value that came from JSON, without escaping
// characters that JSON does not need escaped.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil // unreachable: the value is made of JSON's own types
	}
	return bytes.TrimSpace(b.Bytes())
}

// clone copies a value made of JSON's own types.
func clone(o object) object {
	v, _ := decode(encode(o)) // it was made of JSON, so that decoding it cannot fail
	out, _ := v.(object)
	return out
}

// utf16Size is the size in bytes of a text in UTF-16.
func utf16Size(text []byte) int { return 2 * len(utf16.Encode([]rune(string(text)))) }

// text returns a member of an object that is a text, or "".
func text(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

// sub returns a member of an object that is an object, or nil.
func sub(o object, name string) object {
	x, _ := o[name].(object)
	return x
}

// list returns the objects in a member that is a list.
func list(o object, name string) []object {
	all, _ := o[name].([]any)
	var out []object
	for _, v := range all {
		if x, ok := v.(object); ok {
			out = append(out, x)
		}
	}
	return out
}
