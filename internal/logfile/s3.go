package logfile

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// sideBySide is how many objects of a bucket are fetched at once.
const sideBySide = 8

// metadataWait is how long the machine's own role is asked for, where neither the environment nor a file has
// credentials: outside a cloud nobody answers.
const metadataWait = 2 * time.Second

// bucket adds an object, or all objects whose key begins with a prefix.
func (o *Opener) bucket(ctx context.Context, s *Set, name string) error {
	_, rest, _ := strings.Cut(name, "://")
	bucket, key, _ := strings.Cut(rest, "/")
	if bucket == "" {
		return &Error{Kind: BadName, Name: name, Problem: "names no bucket", Hint: "write it as s3://BUCKET/PREFIX"}
	}
	core, err := s3Client(name)
	if err != nil {
		return err
	}
	if key != "" && !strings.HasSuffix(key, "/") {
		info, err := core.StatObject(ctx, bucket, key, minio.StatObjectOptions{})
		if err == nil {
			return s.fetch(ctx, core, bucket, []minio.ObjectInfo{info}, false)
		}
		// Where the bucket may not be listed, a key that is missing is a forbidden one.
		if status := minio.ToErrorResponse(err).StatusCode; status != http.StatusNotFound && status != http.StatusForbidden {
			return s3Error(name, err)
		}
	}
	var objects []minio.ObjectInfo
	for object := range core.ListObjectsIter(ctx, bucket, minio.ListObjectsOptions{Prefix: key, Recursive: true}) {
		if object.Err != nil {
			return s3Error(name, object.Err)
		}
		below := strings.TrimPrefix(object.Key, key)
		switch why := looksLikeLog(path.Base(object.Key)); {
		case strings.HasSuffix(object.Key, "/"): // what stands for a folder
		case why != "":
			s.pass(name, below, why)
		case object.Size == 0:
			s.pass(name, below, emptyFile)
		default:
			objects = append(objects, object)
		}
	}
	if len(objects) == 0 {
		return &Error{Kind: BadName, Name: name, Problem: "holds no logs", Hint: "logs end in " + endings}
	}
	slices.SortFunc(objects, func(a, b minio.ObjectInfo) int { return cmp.Compare(a.Key, b.Key) })
	return s.fetch(ctx, core, bucket, objects, true)
}

// fetch keeps objects, several at a time, in the order that they are given in.
func (s *Set) fetch(ctx context.Context, core *minio.Core, bucket string, objects []minio.ObjectInfo, found bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parts := make([]*part, len(objects))
	for i, object := range objects {
		name := "s3://" + bucket + "/" + object.Key
		p, err := s.spool.reserve(name, object.Size)
		if err != nil {
			return err
		}
		parts[i] = p
		source := p.source(name)
		source.Found = found
		s.Sources = append(s.Sources, source)
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(sideBySide, len(objects)) {
		workers.Go(func() {
			for i := range next {
				if err := fetchObject(ctx, core, bucket, objects[i], parts[i]); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for i := range objects {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// fetchObject keeps one object, as it was when it was listed.
func fetchObject(ctx context.Context, core *minio.Core, bucket string, object minio.ObjectInfo, p *part) error {
	var o minio.GetObjectOptions
	if object.ETag != "" {
		if err := o.SetMatchETag(object.ETag); err != nil {
			return s3Error(p.name, err)
		}
	}
	body, _, _, err := core.GetObject(ctx, bucket, object.Key, o)
	if err != nil {
		return s3Error(p.name, err)
	}
	defer body.Close()
	return p.fill(body)
}

// s3Client is a client for the endpoint and with the credentials that the environment names, as Amazon's own tools
// read them: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, the keys, the shared files, a role of the machine.
func s3Client(name string) (*minio.Core, error) {
	endpoint := cmp.Or(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"))
	region := cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	options := minio.Options{Creds: s3Credentials(), Secure: true, Region: region, MaxRetries: 3, Transport: webClient().Transport}
	host := "s3.amazonaws.com"
	if endpoint != "" {
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, &Error{Kind: BadName, Name: "AWS_ENDPOINT_URL", Problem: "is no address", Hint: "write it as https://host:port"}
		}
		host, options.Secure = u.Host, u.Scheme == "https"
		options.BucketLookup = minio.BucketLookupPath
		options.Region = cmp.Or(region, "us-east-1")
	}
	core, err := minio.NewCore(host, &options)
	if err != nil {
		return nil, s3Error(name, err)
	}
	return core, nil
}

// s3Credentials are those of the environment, of the shared files or of the machine's role; with none, requests are
// not signed, as public buckets allow.
func s3Credentials() *credentials.Credentials {
	chain := []credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}
	if !strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		chain = append(chain, &credentials.IAM{Client: &http.Client{Timeout: metadataWait}})
	}
	found := credentials.NewChainCredentials(chain)
	// A chain that finds nothing would ask again at every request.
	if v, err := found.GetWithContext(&credentials.CredContext{Client: http.DefaultClient}); err != nil || v.AccessKeyID == "" {
		return credentials.NewStatic("", "", "", credentials.SignatureAnonymous)
	}
	return found
}

// s3Hints are what to do about the codes of S3 errors.
var s3Hints = map[string]string{
	"AccessDenied":          "the credentials must allow s3:GetObject, and s3:ListBucket for a prefix",
	"NoSuchBucket":          "check the bucket's name, and AWS_ENDPOINT_URL where it is not Amazon's",
	"InvalidAccessKeyId":    "check AWS_ACCESS_KEY_ID, or AWS_PROFILE",
	"SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
	"ExpiredToken":          "the credentials have expired: fetch new ones",
	"PreconditionFailed":    "the object changed while it was read: try again",
}

func s3Error(name string, err error) error {
	e := minio.ToErrorResponse(err)
	hint := s3Hints[e.Code]
	switch {
	case e.Code == "" || e.StatusCode == 0:
		err = bare(err)
		hint = cmp.Or(hint, "check the connection, AWS_REGION and AWS_ENDPOINT_URL")
	default:
		err = fmt.Errorf("%s (%s)", strings.TrimSuffix(cmp.Or(e.Message, "the server refuses"), "."), e.Code)
	}
	return &Error{Kind: Unreachable, Name: name, Problem: "cannot be fetched", Err: err, Hint: cmp.Or(hint, "try again, or fetch it yourself and pass it as a file")}
}
