// Reads from an API with the vendor's own client, and prints each answer as a line of JSON: [name, window,
// answer, the method that gave it or its type].
// From standard input: {sdk, host, port, id, secret, reads: [{name, api, windows, steps}]}. A read is done once a window,
// an object of marks and what stands for them. A step is {call: [method, argument...]} or {get: URL}; beside that
//     rows: PATH     its answers are printed; PATH is the array by which a page is known to be the last
//     token: PATH    what {token} stands for in the steps behind it; an array: these are done for each; with `rows`: where
//                    nothing is there, the answer is the last one
//     until: [PATH, VALUE]    asked again until the answer says so
//     url: PATH      where the answer names a URL there, its document is the answer
//     type: NAME     what the documents of URLs are declared to be
// and what follows its first request is seen from the marks in its arguments: {page}, {cursor}, or {ids}, taken from the
// window's list of that name, `batch` at a time.
"use strict";

const POLLS_MAX = 200;
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const sdk = require(input.sdk);
const client = sdk.ApiClient.instance;

// A value with what stands for its marks; a mark alone may stand for a list, or for nothing.
function filled(value, marks) {
    if (typeof value === "string") {
        return value in marks ? marks[value] : value.replace(/\{\w+\}/g, (mark) => marks[mark] ?? mark);
    }
    if (value === null || typeof value !== "object") {
        return value;
    }
    return Array.isArray(value) ? value.map((v) => filled(v, marks))
        : Object.fromEntries(Object.entries(value).map(([key, v]) => [key, filled(v, marks)]));
}

const at = (value, path) => path.split(".").filter(Boolean).reduce((v, name) => (v ?? {})[name], value);
const has = (step, mark) => JSON.stringify(step.call ?? "").includes(mark);

async function fetched(url) {
    const answer = await fetch(url);
    if (!answer.ok) {
        throw new Error(`${url}: ${answer.status}`);
    }
    return answer.json();
}

async function once(api, step, marks) {
    if (step.get) {
        return fetched(filled(step.get, marks));
    }
    const [method, ...args] = filled(step.call, marks);
    if (typeof api[method] !== "function") {
        throw new Error(`the client has no ${method}`);
    }
    return api[method](...args);
}

async function polled(api, step, marks) {
    for (let i = 0; i < POLLS_MAX; i++) {
        const answer = await once(api, step, marks);
        if (!step.until || at(answer, step.until[0]) === step.until[1]) {
            return answer;
        }
    }
    throw new Error(`${step.call[0]}: not ${step.until[1]} in ${POLLS_MAX} polls`);
}

async function* answers(api, step, marks) {
    if (has(step, "{ids}")) {
        for (let i = 0; i < marks["{ids}"].length; i += step.batch) {
            yield await polled(api, step, { ...marks, "{ids}": marks["{ids}"].slice(i, i + step.batch) });
        }
        return;
    }
    for (let page = 1, cursor; ; page++) {
        const answer = await polled(api, step, { ...marks, "{page}": page, "{cursor}": cursor });
        yield answer;
        cursor = answer?.cursor ?? (answer?.nextUri && new URL(answer.nextUri, "http://host").searchParams.get("after"));
        const more = has(step, "{cursor}") ? cursor
            : has(step, "{page}") && (answer.pageCount ? page < answer.pageCount : at(answer, step.rows)?.length);
        if (!more) {
            return;
        }
    }
}

async function read(task, window, steps, token) {
    if (steps.length === 0) {
        return;
    }
    const [step, ...rest] = steps;
    let next = token;
    for await (const answer of answers(new sdk[task.api](), step, { ...window, "{token}": token })) {
        next = step.token ? at(answer, step.token) : token;
        if (step.rows !== undefined && (!step.token || next === undefined)) {
            const url = step.url && at(answer, step.url);
            const told = url ? [await fetched(url), step.type] : [answer, step.call?.[0] ?? step.type];
            process.stdout.write(JSON.stringify([task.name, { ...window, "{ids}": undefined }, ...told]) + "\n");
        }
    }
    if (next !== undefined || !step.token) {
        for (const each of Array.isArray(next) ? next : [next]) {
            await read(task, window, rest, each);
        }
    }
}

async function main() {
    client.config.live_reload_config = false;
    client.setGateway({ host: input.host, protocol: "http", port: input.port });
    await client.loginClientCredentialsGrant(input.id, input.secret);
    await Promise.all(input.reads.map(async (task) => {
        for (const window of task.windows) {
            await read(task, window, task.steps).catch((error) => {
                throw new Error(`${task.name}: ${error instanceof Error ? error.message : JSON.stringify(error)}`);
            });
        }
    }));
}

main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
});
