import type { FileLook } from './file-look.js';

const FIRST_ROOM = 1024;

/**
 * Paths and looks of many files in little memory: 100,000 take about 20 MB. The figures stand in typed arrays,
 * because as objects with five bigints each they would take ten times that.
 */
export class SeenFiles {
  readonly #paths: string[] = [];
  readonly #indexes = new Map<string, number>();
  #figures = new BigInt64Array(FIRST_ROOM * 4);
  #bytes = new Float64Array(FIRST_ROOM);
  // Nearly always one device; kept for each file because a folder may be a mount.
  readonly #devices: bigint[] = [];
  #deviceIndexes = new Uint8Array(FIRST_ROOM);

  get size(): number {
    return this.#paths.length;
  }

  add(path: string, look: FileLook): void {
    const index = this.#paths.length;
    if (index === this.#bytes.length) this.#grow();
    this.#paths.push(path);
    this.#indexes.set(path, index);
    this.#figures[index * 4] = look.mtimeNs;
    this.#figures[index * 4 + 1] = look.ctimeNs;
    // Inodes are unsigned; the bits are kept, and read back as unsigned.
    this.#figures[index * 4 + 2] = BigInt.asIntN(64, look.inode);
    this.#bytes[index] = look.bytes;
    this.#deviceIndexes[index] = this.#deviceIndex(look.device);
  }

  /** Where a path stands, or undefined. */
  indexOf(path: string): number | undefined {
    return this.#indexes.get(path);
  }

  pathAt(index: number): string {
    const path = this.#paths[index];
    if (path === undefined) throw new RangeError(`No file ${index} of ${this.size}`);
    return path;
  }

  lookAt(index: number): FileLook {
    return {
      bytes: this.#bytes[index] ?? 0,
      mtimeNs: this.#figures[index * 4] ?? 0n,
      ctimeNs: this.#figures[index * 4 + 1] ?? 0n,
      inode: BigInt.asUintN(64, this.#figures[index * 4 + 2] ?? 0n),
      device: this.#devices[this.#deviceIndexes[index] ?? 0] ?? 0n,
    };
  }

  #deviceIndex(device: bigint): number {
    const known = this.#devices.indexOf(device);
    if (known !== -1) return known;
    // More than 256 mounts under one root: the device then only serves comparisons, and the inode still tells.
    if (this.#devices.length > 255) return 0;
    return this.#devices.push(device) - 1;
  }

  #grow(): void {
    const room = this.#bytes.length * 2;
    const figures = new BigInt64Array(room * 4);
    figures.set(this.#figures);
    this.#figures = figures;
    const bytes = new Float64Array(room);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    const devices = new Uint8Array(room);
    devices.set(this.#deviceIndexes);
    this.#deviceIndexes = devices;
  }
}
