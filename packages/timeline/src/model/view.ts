/** The piece of time that is looked at, and where it is on the screen. Immutable. */
export class View {
  /** The shortest time that one can look at: 10 µs across. */
  static readonly spanMsMin = 0.01;

  constructor(
    readonly fromMs: number,
    readonly toMs: number,
    /** Pixels of the left edge, and from there to the right one. */
    readonly left: number,
    readonly width: number,
  ) {}

  get spanMs(): number {
    return this.toMs - this.fromMs;
  }

  get msPerPixel(): number {
    return this.spanMs / this.width;
  }

  x(ms: number): number {
    return this.left + ((ms - this.fromMs) / this.spanMs) * this.width;
  }

  ms(x: number): number {
    return this.fromMs + ((x - this.left) / this.width) * this.spanMs;
  }

  /** All of a time, with a little air. */
  fit(fromMs: number, toMs: number): View {
    const spanMs = Math.max(toMs - fromMs, View.spanMsMin * 10);
    return this.#at(fromMs - spanMs * 0.01, toMs + spanMs * 0.02);
  }

  /** `factor` below 1 looks closer; what is at `aroundMs` stays where it is. */
  zoom(factor: number, aroundMs: number): View {
    const spanMs = Math.max(this.spanMs * factor, View.spanMsMin);
    const share = (aroundMs - this.fromMs) / this.spanMs;
    return this.#at(aroundMs - share * spanMs, aroundMs + (1 - share) * spanMs);
  }

  pan(byMs: number): View {
    return this.#at(this.fromMs + byMs, this.toMs + byMs);
  }

  /** Moved as little as shows a moment, not at the edge. */
  showing(ms: number): View {
    const margin = this.spanMs * 0.08;
    if (ms < this.fromMs + margin) return this.pan(ms - this.fromMs - this.spanMs * 0.3);
    if (ms > this.toMs - margin) return this.pan(ms - this.toMs + this.spanMs * 0.3);
    return this;
  }

  /** Never far from what there is to see. */
  within(fromMs: number, toMs: number): View {
    const spanMs = Math.min(this.spanMs, Math.max((toMs - fromMs) * 1.1, View.spanMsMin * 10));
    const view = spanMs < this.spanMs ? this.zoom(spanMs / this.spanMs, (this.fromMs + this.toMs) / 2) : this;
    const half = spanMs / 2;
    if (view.toMs < fromMs + half) return view.pan(fromMs + half - view.toMs);
    if (view.fromMs > toMs - half) return view.pan(toMs - half - view.fromMs);
    return view;
  }

  resized(left: number, width: number): View {
    return new View(this.fromMs, this.toMs, left, Math.max(width, 1));
  }

  /** Round moments, so far apart that their labels have room. */
  ticks(pixelsApart = 110): { readonly stepMs: number; readonly atMs: readonly number[] } {
    const stepMs = roundStep(this.msPerPixel * pixelsApart);
    const atMs: number[] = [];
    for (let count = Math.ceil(this.fromMs / stepMs); count * stepMs <= this.toMs; count++) atMs.push(count * stepMs);
    return { stepMs, atMs };
  }

  #at(fromMs: number, toMs: number): View {
    return new View(fromMs, toMs, this.left, this.width);
  }
}

/** The smallest of 1, 2 and 5 times a power of ten that is not below. */
function roundStep(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(ms));
  return power * ([1, 2, 5].find((digit) => digit * power >= ms) ?? 10);
}

/** A time for people, as exact as `stepMs` asks for. */
export function timeOf(ms: number, stepMs = 0.001): string {
  const isSeconds = stepMs >= 10;
  const digits = Math.max(0, Math.ceil(-Math.log10(isSeconds ? stepMs / 1000 : stepMs) - 1e-9));
  const value = isSeconds ? ms / 1000 : ms;
  const [whole, fraction] = value.toFixed(Math.min(digits, 6)).split('.');
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return `${grouped}${fraction === undefined ? '' : `.${fraction}`} ${isSeconds ? 's' : 'ms'}`;
}
