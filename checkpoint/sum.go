package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
)

// SumFile returns the SHA-256 of a file, in hexadecimal, and its size in bytes.
func SumFile(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}
