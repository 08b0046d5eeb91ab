package grpcd

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// localConn is a connection that never leaves the process. A call goes through the same interceptor to the
// same handler as one from the network, without being encoded.
type localConn struct {
	// immutable once all services are registered
	interceptor grpc.UnaryServerInterceptor
	methods     map[string]localMethod
}

type localMethod struct {
	service any
	handle  grpc.MethodHandler
}

func newLocalConn(interceptor grpc.UnaryServerInterceptor) *localConn {
	return &localConn{interceptor: interceptor, methods: make(map[string]localMethod)}
}

// RegisterService implements grpc.ServiceRegistrar. Streams are left out: REST has none.
func (c *localConn) RegisterService(desc *grpc.ServiceDesc, service any) {
	for _, m := range desc.Methods {
		c.methods["/"+desc.ServiceName+"/"+m.MethodName] = localMethod{service, m.Handler}
	}
}

// Invoke implements grpc.ClientConnInterface. Of the options, Header and Trailer are honoured.
func (c *localConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	m, ok := c.methods[method]
	if !ok {
		return status.Errorf(codes.Unimplemented, "unknown method %s", method)
	}
	out, _ := metadata.FromOutgoingContext(ctx)
	fields := &localFields{method: method}
	ctx = metadata.NewIncomingContext(ctx, out)
	ctx = grpc.NewContextWithServerTransportStream(ctx, fields)
	result, err := m.handle(m.service, ctx, func(into any) error { return assign(into, args) }, c.interceptor)
	for _, o := range opts {
		switch o := o.(type) {
		case grpc.HeaderCallOption:
			*o.HeaderAddr = fields.header
		case grpc.TrailerCallOption:
			*o.TrailerAddr = fields.trailer
		}
	}
	if err != nil {
		return err
	}
	return assign(reply, result)
}

// NewStream implements grpc.ClientConnInterface.
func (c *localConn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "streams do not exist in process")
}

// assign copies a message, so that neither side holds what the other changes.
func assign(into, from any) error {
	dst, ok1 := into.(proto.Message)
	src, ok2 := from.(proto.Message)
	if !ok1 || !ok2 {
		return status.Error(codes.Internal, fmt.Sprintf("%T and %T are not messages", into, from))
	}
	proto.Merge(dst, src)
	return nil
}

// localFields collects the header fields that a handler sets. It belongs to one call.
type localFields struct {
	method          string
	header, trailer metadata.MD
}

// Method implements grpc.ServerTransportStream.
func (f *localFields) Method() string { return f.method }

// SetHeader implements grpc.ServerTransportStream.
func (f *localFields) SetHeader(md metadata.MD) error {
	f.header = metadata.Join(f.header, md)
	return nil
}

// SendHeader implements grpc.ServerTransportStream.
func (f *localFields) SendHeader(md metadata.MD) error { return f.SetHeader(md) }

// SetTrailer implements grpc.ServerTransportStream.
func (f *localFields) SetTrailer(md metadata.MD) error {
	f.trailer = metadata.Join(f.trailer, md)
	return nil
}
