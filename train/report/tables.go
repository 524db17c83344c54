package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// Row is a line of a table of names and values.
type Row struct{ Name, Value string }

// Settings returns the run's configuration.
func (v *view) Settings() []Row { return rowsOf(v.Run.Record.Start.Settings) }

// Environment returns what the run was begun with.
func (v *view) Environment() []Row { return rowsOf(v.Run.Record.Start.Environment) }

// rowsOf returns the fields of a struct, under the names and in the order that they have in the record.
func rowsOf(value any) (rows []Row) {
	b, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.Token() // {
	for d.More() {
		name, err := d.Token()
		var raw json.RawMessage
		if err != nil || d.Decode(&raw) != nil {
			return rows
		}
		rows = append(rows, Row{strings.ReplaceAll(name.(string), "_", " "), plain(raw)})
	}
	return rows
}

// plain writes a JSON value for people.
func plain(raw json.RawMessage) string {
	var s string
	switch err := json.Unmarshal(raw, &s); {
	case err == nil && s == "":
		return "none"
	case err == nil:
		return s
	}
	switch text := string(raw); text {
	case "true":
		return "yes"
	case "false":
		return "no"
	default:
		return text
	}
}

// Begun returns when the run began.
func (v *view) Begun() time.Time {
	if lines := v.Run.Record.Lines; len(lines) > 0 {
		return lines[0].Time
	}
	return time.Time{}
}
