package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/report"
)

// goodbye is how long clients may take for the end of the run. Tests put another time in its place.
var goodbye = 2 * time.Second

// livePage serves the report of a run while it goes.
type livePage struct {
	listener net.Listener
	server   *http.Server
}

// listenLive takes the address before anything is made of the run, so that one in use is told of at once. "" is none.
func listenLive(address string) (*livePage, error) {
	if address == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		var failed *net.OpError
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, fmt.Errorf("--live %s: %w; want an address that is free, such as :8080 or 127.0.0.1:8080", address, err)
	}
	return &livePage{listener: l}, nil
}

// url is what to open.
func (p *livePage) url() string {
	at := p.listener.Addr().(*net.TCPAddr)
	if at.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d/, and at all addresses of this machine", at.Port)
	}
	return fmt.Sprintf("http://%s/", at)
}

// serve begins to serve a run, and returns the callback that tells of it.
func (p *livePage) serve(dir string, net *train.Classifier) *report.Live {
	live := report.NewLive(dir, net)
	p.server = &http.Server{Handler: live, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14}
	go p.server.Serve(p.listener) // until close
	return live
}

// close lets clients have the end of the run, unless they take long.
func (p *livePage) close() {
	if p == nil {
		return
	}
	if p.server == nil {
		p.listener.Close()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if p.server.Shutdown(ctx) != nil {
		p.server.Close()
	}
}
