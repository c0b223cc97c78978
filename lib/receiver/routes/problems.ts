/** `GET /problems/<name>`: what a problem's `type` leads to, for people. */
import { PROBLEM_NAMES, type ProblemName, problemRow, PROBLEMS_PATH } from "../../wire/mod.ts";
import { Refusal } from "../refusal.ts";
import type { Route } from "./route.ts";

export const problems: Route = {
  path: `${PROBLEMS_PATH}*`,
  methods: {
    GET: (_parts, { path }) => {
      const rest = path.slice(PROBLEMS_PATH.length);
      const name = PROBLEM_NAMES.find((name) => name === rest);
      if (name === undefined && rest !== "") throw new Refusal("not-found", "no such problem");
      const html = name === undefined ? listPage() : problemPage(name);
      return new Response(html, {
        headers: {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        },
      });
    },
  },
};

function listPage(): string {
  const rows = PROBLEM_NAMES.map((name) => {
    const { status, title } = problemRow(name);
    return `<tr><td>${status}<td><a href="${PROBLEMS_PATH}${name}">${name}</a><td>${escape(title)}`;
  });
  return page("Problems", `<table>${rows.join("\n")}</table>`);
}

function problemPage(name: ProblemName): string {
  const { status, title, page: words, remediation } = problemRow(name);
  return page(
    title,
    `<p>${status} <code>${name}</code><p>${escape(words)}` +
      (remediation === undefined ? "" : `<pre>${escape(remediation)}</pre>`) +
      `<p><a href="${PROBLEMS_PATH}">All problems</a>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escape(title)}</title>
<style>body{font:1rem/1.5 sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}td{padding-right:1rem}</style>
<h1>${escape(title)}</h1>
${body}
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
