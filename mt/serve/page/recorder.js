// The microphone -> a WAV file of 16 bit, one channel. Nothing is kept when it is cancelled.

export class Recorder {
  #stream = null;
  #context = null;
  #parts = [];
  #length = 0;

  /** Raises what getUserMedia raises; onLevel(level, seconds): 0 to 1, many times a second. */
  async start(onLevel) {
    this.#stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    this.#context = new AudioContext();
    await this.#context.audioWorklet.addModule("recorder-worklet.js");
    const node = new AudioWorkletNode(this.#context, "recorder", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      this.#parts.push(data);
      this.#length += data.length;
      onLevel(loudness(data), this.#length / this.#context.sampleRate);
    };
    this.#context.createMediaStreamSource(this.#stream).connect(node);
  }

  /** The recording so far, or its first `seconds`; the microphone is let go. */
  stop(seconds = Infinity) {
    const rate = this.#context.sampleRate;
    const file = wav(this.#parts, Math.min(this.#length, Math.floor(seconds * rate)), rate);
    this.cancel();
    return file;
  }

  cancel() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#context?.close();
    this.#parts = [];
  }
}

/** 0 is silence or below -60 dB, 1 the loudest. */
function loudness(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.min(1, Math.max(0, 1 + Math.log10(Math.sqrt(power) + 1e-9) / 3));
}

function wav(parts, length, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * length));
  const text = (at, letters) => [...letters].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true); // bytes a second
  view.setUint16(32, 2, true); // bytes a frame
  view.setUint16(34, 16, true); // bits a sample
  text(36, "data");
  view.setUint32(40, 2 * length, true);
  let at = 44;
  for (const part of parts) {
    for (const sample of part) {
      if (at === view.byteLength) break;
      view.setInt16(at, Math.round(32767 * Math.min(1, Math.max(-1, sample))), true);
      at += 2;
    }
  }
  return new File([view], "recording.wav", { type: "audio/wav" });
}
