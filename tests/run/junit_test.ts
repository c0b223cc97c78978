import assert from "node:assert/strict";
import { parseJunit } from "./junit.ts";

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="1" errors="1" time="0.254">
    <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="a &lt;b&gt; &amp;lt; c" classname="./a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="left out" classname="./a_test.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="with steps" classname="./a_test.ts" time="0.000" line="3" col="6">
            <failure message="1 test step failed.">1 test step failed.</failure>
        </testcase>
        <testcase name="with steps &gt; first" classname="./a_test.ts" time="0.000" line="3" col="6">
            <failure message="Uncaught Error: x">&lt;skipped/&gt;</failure>
        </testcase>
    </testsuite>
    <testsuite name="./e_test.ts" tests="1" disabled="0" errors="1" failures="0">
        <testcase name="x &gt; y" classname="./e_test.ts" time="0.000" line="1" col="6">
            <error message="Cancelled"/>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("each test counts once, whatever steps it has, and is named with its file", () => {
  assert.deepEqual(parseJunit(XML), {
    passed: 1,
    failed: ["with steps (a_test.ts)", "x > y (e_test.ts)"],
    skipped: ["left out (a_test.ts)"],
  });
});
