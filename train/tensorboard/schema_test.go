package tensorboard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// The messages that TensorBoard reads, as TensorFlow's core/util/event.proto and, of core/framework,
// summary.proto, histogram.proto, tensor.proto and tensor_shape.proto have them: the fields that one
// may meet here, written and others. A oneof's fields follow its name.
var schema = file(
	message("Event", double(1, "wall_time"), int64s(2, "step"),
		oneof("what", text8(3, "file_version"), octets(4, "graph_def"), sub(5, "summary", "Summary"), sub(7, "session_log", "SessionLog"), octets(9, "meta_graph_def"))),
	message("SessionLog", int32s(1, "status"), text8(2, "checkpoint_path"), text8(3, "msg")), // the status is an enum: START is 1
	message("Summary", many(sub(1, "value", "Value"))),
	message("Value", text8(1, "tag"), text8(7, "node_name"), sub(9, "metadata", "SummaryMetadata"),
		oneof("value", single(2, "simple_value"), octets(3, "obsolete_old_style_histogram"), sub(4, "image", "Image"),
			sub(5, "histo", "HistogramProto"), sub(8, "tensor", "TensorProto"))),
	message("SummaryMetadata", sub(1, "plugin_data", "PluginData"), text8(2, "display_name"), text8(3, "summary_description"), int32s(4, "data_class")),
	message("PluginData", text8(1, "plugin_name"), octets(2, "content")),
	message("Image", int32s(1, "height"), int32s(2, "width"), int32s(3, "colorspace"), octets(4, "encoded_image_string")),
	message("HistogramProto", double(1, "min"), double(2, "max"), double(3, "num"), double(4, "sum"), double(5, "sum_squares"),
		many(double(6, "bucket_limit")), many(double(7, "bucket"))),
	message("TensorProto", int32s(1, "dtype"), sub(2, "tensor_shape", "TensorShapeProto"), int32s(3, "version_number"), octets(4, "tensor_content"),
		many(single(5, "float_val")), many(double(6, "double_val")), many(int32s(7, "int_val")), many(octets(8, "string_val"))),
	message("TensorShapeProto", many(sub(2, "dim", "Dim"))),
	message("Dim", int64s(1, "size"), text8(2, "name")),
)

// part is what a message is made of.
type part struct {
	oneof  string
	fields []*descriptorpb.FieldDescriptorProto
}

func field(number int32, name string, kind descriptorpb.FieldDescriptorProto_Type) part {
	return part{fields: []*descriptorpb.FieldDescriptorProto{{
		Name: &name, Number: &number, Type: &kind, Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
	}}}
}

func double(n int32, name string) part {
	return field(n, name, descriptorpb.FieldDescriptorProto_TYPE_DOUBLE)
}
func single(n int32, name string) part {
	return field(n, name, descriptorpb.FieldDescriptorProto_TYPE_FLOAT)
}
func int32s(n int32, name string) part {
	return field(n, name, descriptorpb.FieldDescriptorProto_TYPE_INT32)
}
func int64s(n int32, name string) part {
	return field(n, name, descriptorpb.FieldDescriptorProto_TYPE_INT64)
}
func text8(n int32, name string) part {
	return field(n, name, descriptorpb.FieldDescriptorProto_TYPE_STRING)
}
func octets(n int32, name string) part {
	return field(n, name, descriptorpb.FieldDescriptorProto_TYPE_BYTES)
}

// sub is a field that is a message.
func sub(n int32, name, message string) part {
	p := field(n, name, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE)
	p.fields[0].TypeName = proto.String(".tensorflow." + message)
	return p
}

// many is a repeated field.
func many(p part) part {
	p.fields[0].Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	return p
}

func oneof(name string, parts ...part) part {
	p := part{oneof: name}
	for _, each := range parts {
		each.fields[0].OneofIndex = proto.Int32(0)
		p.fields = append(p.fields, each.fields...)
	}
	return p
}

func message(name string, parts ...part) *descriptorpb.DescriptorProto {
	m := &descriptorpb.DescriptorProto{Name: &name}
	for _, p := range parts {
		if p.oneof != "" {
			m.OneofDecl = append(m.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: &p.oneof})
		}
		m.Field = append(m.Field, p.fields...)
	}
	return m
}

func file(messages ...*descriptorpb.DescriptorProto) protoreflect.MessageDescriptors {
	f, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("event.proto"), Package: proto.String("tensorflow"), Syntax: proto.String("proto3"), MessageType: messages,
	}, nil)
	if err != nil {
		panic(err)
	}
	return f.Messages()
}

// records takes a file apart, or says what is wrong with it.
func records(data []byte) (found [][]byte, err error) {
	for len(data) > 0 {
		if len(data) < 16 {
			return found, errors.New("a record is cut")
		}
		length := binary.LittleEndian.Uint64(data)
		if !matches(data[:8], data[8:12]) {
			return found, fmt.Errorf("the CRC of a length, %d, is wrong", length)
		}
		if length > uint64(len(data)-16) {
			return found, errors.New("a record is cut")
		}
		event, crc := data[12:12+length], data[12+length:16+length]
		if !matches(event, crc) {
			return found, errors.New("the CRC of a record is wrong")
		}
		found, data = append(found, event), data[16+length:]
	}
	return found, nil
}

// matches undoes the mask of a CRC, as readers do.
func matches(data, masked []byte) bool {
	turned := binary.LittleEndian.Uint32(masked) - 0xA282EAD8
	return turned>>17|turned<<15 == crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
}

// events reads a file by the schema. That all fields are known to it is part of that.
func events(t *testing.T, path string) (read []map[string]any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found, err := records(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range found {
		m := dynamicpb.NewMessage(schema.ByName("Event"))
		if err := proto.Unmarshal(r, m); err != nil {
			t.Fatal(err)
		}
		read = append(read, fields(t, m))
	}
	return read
}

// fields returns what a message has, by name: numbers, strings, bytes, lists of these, and messages.
func fields(t *testing.T, m protoreflect.Message) map[string]any {
	if u := m.GetUnknown(); len(u) > 0 {
		t.Errorf("%s has a field that no schema knows: %x", m.Descriptor().Name(), u)
	}
	all := map[string]any{}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.IsList() {
			list := []any{}
			for i := range v.List().Len() {
				list = append(list, plain(t, v.List().Get(i)))
			}
			all[string(f.Name())] = list
			return true
		}
		all[string(f.Name())] = plain(t, v)
		return true
	})
	return all
}

func plain(t *testing.T, v protoreflect.Value) any {
	if m, ok := v.Interface().(protoreflect.Message); ok {
		return fields(t, m)
	}
	return v.Interface()
}
