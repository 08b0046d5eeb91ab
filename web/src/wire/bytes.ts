// Reading and writing the protobuf wire format.
// https://protobuf.dev/programming-guides/encoding/

export const VARINT = 0
export const FIXED64 = 1
export const LENGTH = 2
export const FIXED32 = 5

const utf8 = new TextDecoder()
const toUtf8 = new TextEncoder()

export class Reader {
  private at = 0
  private readonly view: DataView

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get position(): number {
    return this.at
  }

  get done(): boolean {
    return this.at >= this.bytes.length
  }

  /** The low 32 bits of a varint; a longer one is read to its end. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const b = this.view.getUint8(this.at++)
      if (shift < 32) value |= (b & 0x7f) << shift
      if (b < 0x80) return value >>> 0
    }
    throw new RangeError('varint too long')
  }

  double(): number {
    this.at += 8
    return this.view.getFloat64(this.at - 8, true)
  }

  float(): number {
    this.at += 4
    return this.view.getFloat32(this.at - 4, true)
  }

  chunk(): Uint8Array {
    const length = this.varint()
    const end = this.at + length
    if (end > this.bytes.length) throw new RangeError('message ends too early')
    const part = this.bytes.subarray(this.at, end)
    this.at = end
    return part
  }

  text(): string {
    return utf8.decode(this.chunk())
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.varint()
    else if (wireType === FIXED64) this.double()
    else if (wireType === LENGTH) this.chunk()
    else if (wireType === FIXED32) this.float()
    else throw new RangeError(`wire type ${wireType}`)
  }
}

export class Writer {
  private bytes = new Uint8Array(128)
  private length = 0

  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length)
  }

  tag(no: number, wireType: number): void {
    this.varint((no << 3) | wireType)
  }

  /** Unsigned 32 bits, or a negative number as the ten bytes of its 64-bit form. */
  varint(value: number): void {
    this.room(10)
    if (value < 0) {
      for (let i = 0; i < 9; i++) {
        this.bytes[this.length++] = (i < 5 ? value & 0x7f : 0x7f) | 0x80
        value >>= 7
      }
      this.bytes[this.length++] = 1
      return
    }
    while (value > 0x7f) {
      this.bytes[this.length++] = (value & 0x7f) | 0x80
      value >>>= 7
    }
    this.bytes[this.length++] = value
  }

  double(value: number): void {
    this.room(8)
    new DataView(this.bytes.buffer).setFloat64(this.length, value, true)
    this.length += 8
  }

  float(value: number): void {
    this.room(4)
    new DataView(this.bytes.buffer).setFloat32(this.length, value, true)
    this.length += 4
  }

  chunk(part: Uint8Array): void {
    this.varint(part.length)
    this.room(part.length)
    this.bytes.set(part, this.length)
    this.length += part.length
  }

  text(value: string): void {
    this.chunk(toUtf8.encode(value))
  }

  private room(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more))
    grown.set(this.bytes)
    this.bytes = grown
  }
}
