package usage

import (
	"fmt"
	"math/bits"

	"breakeven/price"
)

// rules say how a source counts: what its figures hold, and what they leave out. They differ by vendor, and
// taking one for another is the commonest error in cost reports.
type rules struct {
	input InputConvention // whether fInput holds what a cache served and stored
	// reasoningApart: the output does not hold the reasoning, which comes on top.
	reasoningApart bool
	// modalityUncached: audio, image and video counts leave out what a cache served; otherwise they hold it.
	modalityUncached bool
	// writesMayBeApart: some versions of the source leave cache writes out of an input that holds the reads.
	// An input that holds reads and writes each, but not both, is then read as all of them and nothing else.
	writesMayBeApart bool
}

// impossible is a count that contradicts another.
type impossible struct {
	f       field
	problem string
	// excludes marks the contradiction that an input without cached tokens would solve.
	excludes bool
}

// buckets turns a source's counts into disjoint quantities. With it come notes on what had to be assumed.
//
// Text is what is left of the input after everything that is counted apart:
//
//	input (text) = whole prompt - cache reads - cache writes - uncached audio, image and video
//	cache read (text) = cache reads - cached audio, image and video
//	output (text) = output - reasoning - audio, image and video
func (r rules) buckets(c *counts) (q price.Quantities, note string, wrong *impossible) {
	for set := c.set; set != 0; set &= set - 1 {
		if f := field(bits.TrailingZeros64(set)); c.n[f] < 0 {
			return q, "", &impossible{f: f, problem: "is negative"}
		}
	}
	writes, w5, w1, wrong := cacheWrites(c)
	if wrong != nil {
		return q, "", wrong
	}
	reads := c.get(fCacheRead)
	audioRead, imageRead, videoRead := c.get(fAudioCacheRead), c.get(fImageCacheRead), c.get(fVideoCacheRead)
	if !c.has(fCacheRead) {
		reads = audioRead + imageRead + videoRead
	}
	audio, image, video := c.get(fAudioInput), c.get(fImageInput), c.get(fVideoInput)
	if r.modalityUncached {
		audio, image, video = audio+audioRead, image+imageRead, video+videoRead
	}
	audio, image, video = max(audio, audioRead), max(image, imageRead), max(video, videoRead)

	uncached, note, wrong := r.uncached(c, reads, writes)
	if wrong != nil {
		return q, "", wrong
	}
	textRead := reads - audioRead - imageRead - videoRead
	if textRead < 0 {
		return q, "", &impossible{f: fCacheRead, problem: fmt.Sprintf("is %d, less than the %d audio, image and video tokens read from the cache", reads, audioRead+imageRead+videoRead)}
	}
	text := uncached - (audio - audioRead) - (image - imageRead) - (video - videoRead)
	if text < 0 {
		// A source that does not split the cached tokens by modality: they served other tokens than text too.
		for _, m := range []struct{ whole, read *int64 }{{&image, &imageRead}, {&audio, &audioRead}, {&video, &videoRead}} {
			n := min(-text, *m.whole-*m.read, textRead)
			if n > 0 && !c.any(fAudioCacheRead, fImageCacheRead, fVideoCacheRead) {
				*m.read, textRead, text = *m.read+n, textRead-n, text+n
			}
		}
		if text < 0 {
			return q, "", &impossible{f: fInput, problem: fmt.Sprintf("holds fewer uncached tokens (%d) than its audio, image and video tokens need (%d more)", uncached, -text)}
		}
		note = join(note, "Some cached tokens must be of the image, audio or video: the text alone is shorter.")
	}
	q[price.Input] = text + c.get(fToolInput)
	q[price.CacheRead] = textRead + videoRead // no vendor prices cached video apart from cached text
	q[price.CacheWrite5m], q[price.CacheWrite1h], q[price.CacheWrite] = w5, w1, writes-w5-w1
	q[price.AudioInput], q[price.AudioCacheRead] = audio-audioRead, audioRead
	q[price.ImageInput], q[price.ImageCacheRead] = image-imageRead, imageRead
	q[price.VideoInput] = video - videoRead

	output, reasoning := c.get(fOutput), c.get(fReasoning)
	if !r.reasoningApart {
		if reasoning > output {
			return q, "", &impossible{f: fReasoning, problem: fmt.Sprintf("is %d, more than the output (%d) that holds it", reasoning, output)}
		}
		output -= reasoning
	}
	q[price.Reasoning] = reasoning
	q[price.AudioOutput], q[price.ImageOutput], q[price.VideoOutput] = c.get(fAudioOutput), c.get(fImageOutput), c.get(fVideoOutput)
	apart := q[price.AudioOutput] + q[price.ImageOutput] + q[price.VideoOutput]
	if output -= apart; output < 0 {
		return q, "", &impossible{f: fOutput, problem: fmt.Sprintf("is %d short of its reasoning, audio, image and video tokens", -output)}
	}
	q[price.Output] = output
	q[price.Citation] = c.get(fCitation)
	q[price.WebSearch] = c.get(fWebSearch)
	q[price.Request] = c.get(fRequests)
	return q, note, nil
}

// cacheWrites adds the writes up. Some sources give the total, some the two lifetimes, some both, and some a
// total of zero beside the lifetimes.
func cacheWrites(c *counts) (total, w5, w1 int64, wrong *impossible) {
	total, w5, w1 = c.get(fCacheWrite), c.get(fCacheWrite5m), c.get(fCacheWrite1h)
	split := w5 + w1
	switch {
	case total == 0:
		return split, w5, w1, nil
	case split > total:
		return 0, 0, 0, &impossible{f: fCacheWrite, problem: fmt.Sprintf("is %d, less than its parts of five minutes and one hour together (%d)", total, split)}
	}
	return total, w5, w1, nil
}

// uncached is the part of the input that no cache served or stored, of any modality.
func (r rules) uncached(c *counts, reads, writes int64) (n int64, note string, wrong *impossible) {
	switch {
	case c.has(fUncached):
		n = c.get(fUncached)
		if whole := c.get(fInput); r.input == Includes && c.has(fInput) && whole != n+reads+writes {
			note = "The input is not the sum of uncached, cached and written tokens; the parts were taken."
		}
		return n, note, nil
	case r.input == Excludes || !c.has(fInput):
		return c.get(fInput), "", nil
	}
	whole := c.get(fInput)
	if n = whole - reads - writes; n >= 0 {
		return n, "", nil
	}
	switch {
	case reads > whole:
		return 0, "", &impossible{f: fCacheRead, problem: fmt.Sprintf("is %d, more than the whole input (%d) that should hold it", reads, whole), excludes: true}
	case writes > whole:
		return 0, "", &impossible{f: fCacheWrite, problem: fmt.Sprintf("is %d, more than the whole input (%d) that should hold it", writes, whole), excludes: true}
	case r.writesMayBeApart:
		return 0, "The input is less than cached and written tokens together, so the written ones lie outside it; no token counts as uncached.", nil
	}
	return 0, "", &impossible{f: fCacheRead, problem: fmt.Sprintf("and cache writes are %d together, more than the whole input (%d) that should hold them", reads+writes, whole), excludes: true}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}
