package report

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"
	"time"
)

// percent writes a share.
func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) + "\u202f%" }

// shownPercent returns the number that percent writes of a share, so that the script writes it too.
func shownPercent(share float64) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(100*share, 'f', 2, 64), 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// significant writes a number with four digits that count.
func significant(v float64) string {
	magnitude := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case magnitude < 1e-3 || magnitude >= 1e4:
		return strconv.FormatFloat(v, 'e', 3, 64)
	}
	digits := max(0, 3-int(math.Floor(math.Log10(magnitude))))
	return strconv.FormatFloat(v, 'f', min(digits, 4), 64)
}

// count writes a whole number with its thousands apart.
func count(v any) string {
	var s string
	switch v := v.(type) {
	case float64:
		s = strconv.FormatFloat(v, 'f', 0, 64)
	default:
		s = fmt.Sprint(v)
	}
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// duration writes seconds as people say them.
func duration(seconds float64) string {
	switch whole := int64(seconds + 0.5); {
	case seconds < 60:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + "\u202fs"
	case whole < 3600:
		return fmt.Sprintf("%d\u202fmin %d\u202fs", whole/60, whole%60)
	default:
		return fmt.Sprintf("%d\u202fh %d\u202fmin", whole/3600, whole%3600/60)
	}
}

// byteCount writes a file's size.
func byteCount(n int64) string {
	v, unit := float64(n), "B"
	for _, larger := range []string{"kB", "MB", "GB", "TB"} {
		if v < 1000 {
			break
		}
		v, unit = v/1000, larger
	}
	if unit == "B" {
		return fmt.Sprintf("%d\u202fB", n)
	}
	return fmt.Sprintf("%.1f\u202f%s", v, unit)
}

// when writes a time to the second, in UTC, wherever the report is made.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// baseName is the last part of a path of any system.
func baseName(name string) string {
	name = strings.TrimRight(strings.ReplaceAll(name, `\`, "/"), "/")
	return path.Base(name)
}
