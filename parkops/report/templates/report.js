"use strict";
(() => {
  const page = document.documentElement;
  const say = (zh, en) => (page.dataset.lang === "zh" ? zh : en);

  const setLanguage = (lang) => {
    page.dataset.lang = lang;
    page.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = page.dataset[lang === "zh" ? "titleZh" : "titleEn"];
    const input = document.getElementById("filter-text");
    input.placeholder = say("搜索编号、名称、设备……", "Search id, title, device …");
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

  const items = [...document.querySelectorAll("details.req")];
  const state = { verdict: "", domain: "", aspect: "", text: "" };

  const count = () => {
    const shown = items.filter((item) => !item.hidden).length;
    document.getElementById("filter-count").textContent = say(
      `显示 ${shown} / ${items.length} 项`, `${shown} of ${items.length} shown`);
  };

  const apply = () => {
    const text = state.text.toLowerCase();
    for (const item of items) {
      const fits = (!state.verdict || item.dataset.verdict === state.verdict)
        && (!state.domain || item.dataset.domain === state.domain)
        && (!state.aspect || item.dataset.aspect === state.aspect)
        && (!text || item.textContent.toLowerCase().includes(text));
      item.hidden = !fits;
    }
    for (const button of document.querySelectorAll("[data-filter-verdict]")) {
      button.setAttribute("aria-pressed", String(button.dataset.filterVerdict === state.verdict));
    }
    document.getElementById("filter-domain").value = state.domain;
    document.getElementById("filter-aspect").value = state.aspect;
    count();
  };

  for (const button of document.querySelectorAll("[data-filter-verdict]")) {
    button.addEventListener("click", () => { state.verdict = button.dataset.filterVerdict; apply(); });
  }
  for (const button of document.querySelectorAll("[data-heat-domain]")) {
    button.addEventListener("click", () => {
      Object.assign(state, { verdict: "", text: "", domain: button.dataset.heatDomain, aspect: button.dataset.heatAspect });
      document.getElementById("filter-text").value = "";
      apply();
      document.getElementById("requirements").scrollIntoView();
    });
  }
  for (const name of ["domain", "aspect", "text"]) {
    document.getElementById(`filter-${name}`).addEventListener("input", (event) => {
      state[name] = event.target.value;
      apply();
    });
  }
  document.getElementById("switch").addEventListener("click", () => {
    setLanguage(page.dataset.lang === "zh" ? "en" : "zh");
  });
  document.getElementById("print").addEventListener("click", () => window.print());

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const item of closed) { item.open = true; }
  });
  window.addEventListener("afterprint", () => { for (const item of closed) { item.open = false; } });

  const wanted = new URLSearchParams(window.location.search).get("lang");
  setLanguage(wanted === "zh" || wanted === "en" ? wanted : page.dataset.lang);
})();
