package proxy

import (
	"bytes"
	"context"
	"net/http"
	"path"
	"strings"
)

// serveSubtitle answers a subtitle file whole: SubRip as WebVTT, WebVTT and SubStation Alpha as they are.
func (x *exchange) serveSubtitle(ctx context.Context) error {
	body, res, err := x.fetchText(ctx, x.c.url, x.p.cfg.MaxSubtitle)
	if err != nil {
		return err
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	switch subtitleFormat(body, res.URL.Path) {
	case "vtt":
		return x.sendText(typeVTT, body, "private, max-age=300")
	case "ass":
		return x.sendText(typeASS, body, "private, max-age=300")
	case "srt":
		vtt, err := SRTToVTT(body)
		if err != nil {
			return &problem{http.StatusBadGateway, "subtitle_invalid", "the subtitle file has no readable line", err}
		}
		return x.sendText(typeVTT, vtt, "private, max-age=300")
	}
	return &problem{http.StatusBadGateway, "media_unsupported", "the subtitle file is neither SRT, WebVTT nor ASS", nil}
}

// subtitleFormat believes the content first and the name second; "" is none of ours.
func subtitleFormat(body []byte, urlPath string) string {
	head := string(body[:min(len(body), 4096)])
	trimmed := strings.TrimLeft(head, " \t\r\n")
	switch {
	case strings.HasPrefix(trimmed, "WEBVTT"):
		return "vtt"
	case strings.HasPrefix(trimmed, "[Script Info]") || strings.Contains(head, "\n[V4+ Styles]") || strings.Contains(head, "\n[Events]"):
		return "ass"
	case strings.HasPrefix(trimmed, "<"):
		return "" // a page
	case strings.Contains(head, "-->"), strings.EqualFold(path.Ext(urlPath), ".srt"):
		return "srt"
	}
	return ""
}
