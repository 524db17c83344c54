package train

import (
	"context"
	"errors"
)

// EndReason says why a run has ended, given the error of Callback.End: EndFinished, EndInterrupted, the reason of
// Stop, or the error. The record and all that tells of an end have it from here, so that they say the same.
func (l *Loop) EndReason(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return EndInterrupted
	case err != nil:
		return err.Error()
	case l.stopped != "":
		return l.stopped
	}
	return EndFinished
}
