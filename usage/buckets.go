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
	err        error
}

const resultPath = "results[]"

func (v *bucketVisitor) open(path []byte) {
	if v.pass == 1 && string(path) == resultPath {
		v.s.row.reset(v.line)
	}
}

func (v *bucketVisitor) value(path, raw []byte, kind scalar) {
	if kind == jsonNull || v.err != nil {
		return
	}
	if v.pass == 0 {
		switch string(path) {
		case v.keys.begin:
			v.begin = append(v.begin[:0], raw...)
		case v.keys.end:
			v.end = append(v.end[:0], raw...)
		}
		return
	}
	if len(path) <= len(resultPath) || string(path[:len(resultPath)]) != resultPath {
		return
	}
	name := path[len(resultPath)+1:]
	if b, ok := v.s.format.columns[string(name)]; ok {
		v.s.row.set(b, v.s.word(name), v.s.plain(raw, kind))
	}
}

func (v *bucketVisitor) closed(path []byte) {
	if v.pass != 1 || v.err != nil || string(path) != resultPath {
		return
	}
	v.s.row.set(binding{fTime, 0}, v.keys.begin, v.begin)
	v.s.row.set(binding{fEnd, 0}, v.keys.end, v.end)
	v.err = v.s.finishRow()
}
