package usage

// bucketKeys name the begin and the end of a bucket in a vendor's usage report.
type bucketKeys struct{ begin, end string }

// readBuckets reads usage reports: {"data": [{begin, end, "results": [row, ...]}, ...]}, of one page or of
// several after each other.
func readBuckets(keys bucketKeys) func(*session, *source, *content) error {
	return func(s *session, src *source, c *content) error {
		s.hasTime = true
		return s.values(src, c, [][]string{{"data"}}, func(raw []byte, line int) error {
			v := bucketVisitor{s: s, keys: keys, line: line}
			// The begin of the bucket may stand behind its results, so they are read in a second pass.
			if err := s.walker.walk(raw, "", &v); err != nil {
				return s.broken(line, err)
			}
			v.pass = 1
			if err := s.walker.walk(raw, "", &v); err != nil {
				return s.broken(line, err)
			}
			return v.err
		})
	}
}

// bucketVisitor makes a row of each result of a bucket.
type bucketVisitor struct {
	s          *session
	keys       bucketKeys
	line       int
	pass       int // 0 looks for the begin and the end, 1 reads the results
	begin, end []byte
	twice      string // a key of the bucket that came again
	err        error
}

const resultPath = "results[]"

func (v *bucketVisitor) open(path []byte) {
	if v.pass == 1 && string(path) == resultPath {
		v.s.row.reset(v.line)
	}
}

func (v *bucketVisitor) value(path, raw []byte, kind scalar) {
	if v.err != nil {
		return
	}
	if v.pass == 0 {
		switch string(path) {
		case v.keys.begin:
			v.begin = v.once(v.begin, v.keys.begin, raw, kind)
		case v.keys.end:
			v.end = v.once(v.end, v.keys.end, raw, kind)
		}
		return
	}
	if len(path) <= len(resultPath) || string(path[:len(resultPath)]) != resultPath {
		return
	}
	name := path[len(resultPath)+1:]
	if b, ok := v.s.format.columns[string(name)]; ok {
		v.s.fill(b, name, raw, kind)
	}
}

// once keeps a value of the bucket, which may stand there once.
func (v *bucketVisitor) once(old []byte, key string, raw []byte, kind scalar) []byte {
	if kind == jsonNull {
		return old
	}
	if old != nil {
		v.twice = key
	}
	return append(old[:0], raw...)
}

func (v *bucketVisitor) closed(path []byte) {
	if v.pass != 1 || v.err != nil || string(path) != resultPath {
		return
	}
	v.s.row.set(binding{fTime, 0}, v.keys.begin, v.begin)
	v.s.row.set(binding{fEnd, 0}, v.keys.end, v.end)
	if v.twice != "" {
		v.s.row.twice = v.twice
	}
	v.err = v.s.finishRow()
}
