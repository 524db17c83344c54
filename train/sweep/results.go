package sweep

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"path/filepath"
	"strconv"

	"github.com/mlodyssey/odyssey/checkpoint"
)

// The files of a sweep's results.
const (
	CSVFile     = "results.csv"
	JSONFile    = "results.json"
	PictureFile = "results.png"
)

// Save writes the rows of a sweep to its directory, as CSV and as JSON.
func Save(dir string, s Space, rows []Row) error {
	err := checkpoint.WriteFileAtomic(filepath.Join(dir, JSONFile), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	})
	if err != nil {
		return err
	}
	return checkpoint.WriteFileAtomic(filepath.Join(dir, CSVFile), func(w io.Writer) error { return writeCSV(w, s, rows) })
}

func writeCSV(w io.Writer, s Space, rows []Row) error {
	header := []string{"rank", "run"}
	for _, a := range s {
		header = append(header, a.Name)
	}
	header = append(header, "rung", "epochs", "test_accuracy", "test_loss", "train_accuracy", "train_loss", "best_test_accuracy", "best_epoch", "directory", "error")
	c := csv.NewWriter(w)
	c.Write(header)
	for i, r := range rows {
		line := []string{strconv.Itoa(i + 1), strconv.Itoa(r.Run)}
		for _, a := range s {
			line = append(line, r.Values[a.Name])
		}
		line = append(line, strconv.Itoa(r.Rung), strconv.Itoa(r.Last.Epoch), figure(r.Last.TestAccuracy), figure(r.Last.TestLoss),
			figure(r.Last.TrainAccuracy), figure(r.Last.TrainLoss), figure(r.Best.TestAccuracy), strconv.Itoa(r.Best.Epoch), r.Dir, r.Error)
		c.Write(line)
	}
	c.Flush()
	return c.Error()
}

func figure(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
