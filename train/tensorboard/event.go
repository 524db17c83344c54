package tensorboard

import (
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of the messages that are written, by the numbers that event.proto, summary.proto,
// histogram.proto, tensor.proto and tensor_shape.proto of TensorFlow give them.
const (
	eventWallTime    = 1
	eventStep        = 2
	eventFileVersion = 3
	eventSummary     = 5
	eventSessionLog  = 7

	sessionStatus = 1

	summaryValue = 1

	valueTag      = 1
	valueScalar   = 2 // simple_value
	valueImage    = 4
	valueHisto    = 5
	valueTensor   = 8
	valueMetadata = 9

	metadataPluginData = 1
	metadataDataClass  = 4
	pluginName         = 1

	imageHeight     = 1
	imageWidth      = 2
	imageColorspace = 3
	imageEncoded    = 4

	histoMin        = 1
	histoMax        = 2
	histoNum        = 3
	histoSum        = 4
	histoSumSquares = 5
	histoLimits     = 6
	histoCounts     = 7

	tensorDType  = 1
	tensorShape  = 2
	tensorString = 8

	dataClassTensor = 2 // of the enum DataClass
	dtString        = 7 // of the enum DataType
	sessionStart    = 1 // of the enum SessionStatus
)

// appendVersion appends the event that a file begins with.
func appendVersion(b []byte, at time.Time) []byte {
	b = appendDouble(b, eventWallTime, seconds(at))
	return appendString(b, eventFileVersion, "brain.Event:2")
}

// appendRestart appends the event before those of a run that goes on.
func appendRestart(b []byte, at time.Time, step int) []byte {
	b = appendDouble(b, eventWallTime, seconds(at))
	b = appendInt(b, eventStep, step)
	return appendBytes(b, eventSessionLog, appendInt(nil, sessionStatus, sessionStart))
}

// appendSummary appends an event with a value: its tag, and the fields that follow it.
func appendSummary(b []byte, at time.Time, step int, tag string, fields []byte) []byte {
	b = appendDouble(b, eventWallTime, seconds(at))
	b = appendInt(b, eventStep, step)
	value := append(appendString(nil, valueTag, tag), fields...)
	return appendBytes(b, eventSummary, appendBytes(nil, summaryValue, value))
}

// seconds is the Unix time, to the microsecond: a float64 has no room for more.
func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func scalar(v float64) []byte {
	b := protowire.AppendTag(nil, valueScalar, protowire.Fixed32Type)
	return protowire.AppendFixed32(b, math.Float32bits(float32(v)))
}

// text is a tensor of one string without axes, for TensorBoard's plugin of that name.
func text(s string) []byte {
	tensor := appendInt(nil, tensorDType, dtString)
	tensor = appendBytes(tensor, tensorShape, nil)
	tensor = appendString(tensor, tensorString, s)
	metadata := appendBytes(nil, metadataPluginData, appendString(nil, pluginName, "text"))
	metadata = appendInt(metadata, metadataDataClass, dataClassTensor)
	return appendBytes(appendBytes(nil, valueTensor, tensor), valueMetadata, metadata)
}

func picture(width, height, colorspace int, png []byte) []byte {
	b := appendInt(nil, imageHeight, height)
	b = appendInt(b, imageWidth, width)
	b = appendInt(b, imageColorspace, colorspace)
	return appendBytes(nil, valueImage, appendBytes(b, imageEncoded, png))
}

func histogram(h Histogram) []byte {
	b := appendDouble(nil, histoMin, h.Min)
	b = appendDouble(b, histoMax, h.Max)
	b = appendDouble(b, histoNum, h.count())
	b = appendDouble(b, histoSum, h.Sum)
	b = appendDouble(b, histoSumSquares, h.SumSquares)
	b = appendDoubles(b, histoLimits, h.Limits)
	b = appendDoubles(b, histoCounts, h.Counts)
	return appendBytes(nil, valueHisto, b)
}

func appendDouble(b []byte, field protowire.Number, v float64) []byte {
	b = protowire.AppendTag(b, field, protowire.Fixed64Type)
	return protowire.AppendFixed64(b, math.Float64bits(v))
}

// appendDoubles appends numbers packed.
func appendDoubles(b []byte, field protowire.Number, values []float64) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(8*len(values)))
	for _, v := range values {
		b = protowire.AppendFixed64(b, math.Float64bits(v))
	}
	return b
}

func appendInt(b []byte, field protowire.Number, v int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

func appendString(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}
