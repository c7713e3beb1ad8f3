package node

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/emptypb"
)

// CheckpointMethod is the one method that is not of the protocol: it makes a
// checkpoint of the store (embedded.Store.Checkpoint). Request and answer are
// empty, since its place is known to whoever can read the folder.
const CheckpointMethod = "/reliefledger.Folder/Checkpoint"

var checkpoints = grpc.ServiceDesc{
	ServiceName: "reliefledger.Folder",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Checkpoint", Handler: func(srv any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		in := new(emptypb.Empty)
		if err := decode(in); err != nil {
			return nil, err
		}
		return intercept(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: CheckpointMethod}, srv.(*Server).checkpoint)
	}}},
}

func (s *Server) checkpoint(ctx context.Context, _ any) (any, error) {
	if err := callOf(ctx).need(Write); err != nil {
		return nil, err
	}
	if err := s.store.Checkpoint(); err != nil {
		// What went wrong stands in the caller's own folder, who may know.
		return nil, refuse(codes.FailedPrecondition, "%v", err)
	}
	return new(emptypb.Empty), nil
}
