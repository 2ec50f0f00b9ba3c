"use strict";
(() => {
  const page = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const say = (zh, en) => (page.dataset.lang === "zh" ? zh : en);
  const byId = (id) => document.getElementById(id);
  const MARKS = { pass: "✓", fail: "✕", unknown: "?", "not-applicable": "–", waived: "≈" };

  // Texts in both languages; the style sheet shows one.
  const make = (tag, cls, ...children) => {
    const node = document.createElement(tag);
    if (cls) node.className = cls;
    node.append(...children);
    return node;
  };
  const both = (zh, en) => {
    if (zh === en) return [document.createTextNode(zh)];
    const parts = [["zh", zh], ["en", en]].map(([lang, text]) => {
      const node = make("span", "l", text);
      node.lang = lang;
      return node;
    });
    return parts;
  };
  const text = (number) => {
    const value = data.texts[number];
    return typeof value === "string" ? [document.createTextNode(value)] : both(value[0], value[1]);
  };

  // A finding is [verdict, subject, tenant, message, check, evidence, evidence left out, mend].
  const cite = (number) => {
    const [kind, source, seen, time, age, digest] = data.evidence[number];
    const item = make("li", "", "[", ...both(...(data.words.kinds[kind] || [kind, kind])), "] ",
      make("code", "", source), " ", ...text(seen));
    if (time) item.append(" · ", make("time", "", time));
    if (age >= 0) item.append(" · ", ...both(`有效期 ${age} 秒`, `valid for ${age} s`));
    if (digest) item.append(" · ", make("span", "hash", `#${digest}`));
    return item;
  };
  const finding = ([verdict, subject, , message, check, evidence, more, mend]) => {
    const name = data.verdicts[verdict];
    const node = make("div", `finding v-${name}`);
    const mark = make("span", "", MARKS[name]);
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", name);
    node.append(mark, " ");
    if (subject >= 0) node.append(make("span", "who", ...text(subject)), " ");
    node.append(...text(message), " ", make("span", "fine", "(", ...text(check), ")"));
    if (mend !== undefined) {
      node.append(make("div", "mend", make("strong", "", ...both("整改：", "Mend: ")), make("code", "", ...text(mend))));
    }
    const list = make("ul", "evidence", ...evidence.map(cite));
    if (more) list.append(make("li", "", ...both(`另有 ${more} 条，见 JSON 报告`, `${more} more in the JSON report`)));
    node.append(list);
    return node;
  };
  const block = ([kind, verdict, hidden, rows], most) => {
    const name = data.verdicts[verdict];
    const badge = make("span", `badge b-${name}`, `${MARKS[name]} `, ...both(...data.words.verdicts[name]));
    const shown = rows.filter(fitsTenant);
    const nodes = [make("h3", "", ...both(...(data.words.kinds[kind] || [kind, kind])), " ", badge),
      ...shown.slice(0, most).map(finding)];
    const left = hidden + Math.max(shown.length - most, 0);
    if (left) nodes.push(make("p", "fine", ...both(`另有 ${left} 条，见 JSON 报告`, `${left} more in the JSON report`)));
    return nodes;
  };

  const items = [...document.querySelectorAll("details.req")];
  const state = { verdict: "", catalogue: "", domain: "", aspect: "", tenant: "", text: "" };
  const fitsTenant = (row) => !state.tenant || (row[2] >= 0 && data.tenants[row[2]] === state.tenant);

  const fill = (item, most) => {
    const body = item.querySelector(".body");
    const key = `${state.tenant}/${most}`;
    if (item.dataset.filled === key) return;
    item.dataset.filled = key;
    for (const old of [...body.children].slice(1)) old.remove();
    for (const part of data.requirements[item.id] || []) body.append(...block(part, most));
  };
  for (const item of items) item.addEventListener("toggle", () => { if (item.open) fill(item, Infinity); });

  // Which numbers of texts and evidence hold what is searched for.
  const heads = items.map((item) => item.textContent.toLowerCase());
  const holds = (value, wanted) => (typeof value === "string" ? value : value.join("\n")).toLowerCase().includes(wanted);
  const search = (wanted) => {
    const texts = data.texts.map((value) => holds(value, wanted));
    const evidence = data.evidence.map(([, source, seen]) => source.toLowerCase().includes(wanted) || texts[seen]);
    return (row) => texts[row[1]] || texts[row[3]] || texts[row[4]] || texts[row[7]] || row[5].some((n) => evidence[n]);
  };

  const count = () => {
    const shown = items.filter((item) => !item.hidden).length;
    byId("filter-count").textContent = say(`显示 ${shown} / ${items.length} 项`, `${shown} of ${items.length} shown`);
  };

  const apply = () => {
    const wanted = state.text.trim().toLowerCase();
    const found = wanted ? search(wanted) : () => true;
    items.forEach((item, number) => {
      const rows = () => (data.requirements[item.id] || []).flatMap((part) => part[3]).filter(fitsTenant);
      let fits = ["verdict", "catalogue", "domain", "aspect"].every((name) => !state[name] || item.dataset[name] === state[name]);
      if (fits && state.tenant) fits = rows().length > 0;
      if (fits && wanted) fits = heads[number].includes(wanted) || rows().some(found);
      item.hidden = !fits;
      if (item.open && fits) fill(item, Infinity);
    });
    for (const button of document.querySelectorAll("[data-filter-verdict]")) {
      button.setAttribute("aria-pressed", String(button.dataset.filterVerdict === state.verdict));
    }
    for (const name of ["catalogue", "domain", "aspect", "tenant"]) {
      const select = byId(`filter-${name}`);
      if (select) select.value = state[name];
    }
    count();
  };

  const setLanguage = (lang) => {
    page.dataset.lang = lang;
    page.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = page.dataset[lang === "zh" ? "titleZh" : "titleEn"];
    byId("filter-text").placeholder = say("搜索编号、名称、设备、发现……", "Search id, title, device, finding …");
    for (const node of document.querySelectorAll("option[data-zh], svg title[data-zh]")) {
      node.textContent = say(node.dataset.zh, node.dataset.en);
    }
    for (const name of ["title", "aria-label"]) {
      for (const node of document.body.querySelectorAll(`[data-${name}-zh]`)) {
        node.setAttribute(name, node.getAttribute(`data-${name}-${lang}`));
      }
    }
    count();
  };

  for (const button of document.querySelectorAll("[data-filter-verdict]")) {
    button.addEventListener("click", () => { state.verdict = button.dataset.filterVerdict; apply(); });
  }
  for (const button of document.querySelectorAll("[data-pick-domain]")) {
    button.addEventListener("click", () => {
      const { pickDomain: domain, pickAspect: aspect, pickCatalogue: catalogue } = button.dataset;
      Object.assign(state, { verdict: "", text: "", tenant: "", domain, aspect, catalogue });
      byId("filter-text").value = "";
      apply();
      byId("requirements").scrollIntoView();
    });
  }
  for (const name of ["catalogue", "domain", "aspect", "tenant", "text"]) {
    const node = byId(`filter-${name}`);
    if (node) node.addEventListener("input", () => { state[name] = node.value; apply(); });
  }
  byId("switch").addEventListener("click", () => setLanguage(page.dataset.lang === "zh" ? "en" : "zh"));
  byId("print").addEventListener("click", () => window.print());

  // On paper every shown requirement is open, with its first findings.
  const ON_PAPER = 5;
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")].filter((item) => !item.closest("[hidden]"));
    for (const item of items) if (!item.hidden && !item.open) fill(item, ON_PAPER);
    for (const item of closed) item.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const item of closed) item.open = false;
    for (const item of items) delete item.dataset.filled;
  });

  const visit = () => {
    const item = byId(decodeURIComponent(window.location.hash.slice(1)));
    if (item && item.matches("details.req")) item.open = true;
  };
  window.addEventListener("hashchange", visit);
  const wanted = new URLSearchParams(window.location.search).get("lang");
  setLanguage(wanted === "zh" || wanted === "en" ? wanted : page.dataset.lang);
  visit();
})();
