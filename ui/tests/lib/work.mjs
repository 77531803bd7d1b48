// What a page costs its browser: the longest tasks of its main thread, work and memory.
//
// Tasks are measured by the clock of their thread, which stands still while the thread waits for a processor: on a machine
// with two of them, the store and the browser wait for each other.

/**
 * Notes the tasks of the main thread until what is returned is called, which says the longest, in milliseconds.
 *
 * With `choosesFiles`, all fields that change meanwhile are such for files. A browser makes the files of a folder in the task
 * in which it tells the page of them, some 0.1 ms each: of that task only what the page does counts.
 */
export async function watchTasks(page, { choosesFiles = false } = {}) {
  const session = await page.context().newCDPSession(page);
  const [mains, tasks, told] = [new Set(), [], []];
  session.on("Tracing.dataCollected", ({ value }) => {
    for (const { name, args, pid, tid, tdur, ts, dur } of value) {
      if (name === "thread_name" && args.name === "CrRendererMain") mains.add(`${pid} ${tid}`);
      if (tdur === undefined) continue;
      const spent = { thread: `${pid} ${tid}`, ms: tdur / 1_000, at: ts };
      if (name.endsWith("RunTask")) tasks.push({ ...spent, ended: ts + dur });
      if (name === "EventDispatch" && choosesFiles && args.data?.type === "change") told.push(spent);
    }
  });
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: {
      includedCategories: ["disabled-by-default-devtools.timeline", "devtools.timeline"],
      excludedCategories: ["*"],
    },
  });
  return async () => {
    const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
    await session.send("Tracing.end");
    await complete;
    await session.detach();
    const own = tasks.filter(({ thread }) => mains.has(thread));
    if (own.length === 0) throw new Error("the browser told of no task");
    const ofPage = ({ thread, ms, at, ended }) =>
      told.find((event) => event.thread === thread && event.at >= at && event.at <= ended)?.ms ?? ms;
    return own.reduce((most, task) => Math.max(most, ofPage(task)), 0);
  };
}

/** Reads how much the main thread has worked, in milliseconds, how many frames it has painted, and what it holds. */
export async function meter(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.evaluate(() => {
    window.frames_painted = 0;
    const count = () => {
      window.frames_painted += 1;
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  return {
    async read() {
      const { metrics } = await session.send("Performance.getMetrics");
      const of = (name) => metrics.find((each) => each.name === name).value;
      const frames = await page.evaluate(() => window.frames_painted);
      return { workMs: of("TaskDuration") * 1_000, frames, at: performance.now() };
    },
    /** Bytes that the page's scripts hold, after what they do not need was thrown away. */
    async heap() {
      await session.send("HeapProfiler.collectGarbage");
      const { metrics } = await session.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "JSHeapUsedSize").value;
    },
  };
}
