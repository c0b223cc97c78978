"""Takes episodes: sha256 while they come, the stamp looked up, fsync, rename.

STORE and STAMP are in the environment; the file STORE/../requests.log gets a line for each request.
"""

import hashlib
import os

from fastapi import FastAPI, HTTPException, Request

store = os.environ["STORE"]
accepted = {os.environ["STAMP"]}
requests_log = open(f"{store}/../requests.log", "a", buffering=1, encoding="ascii")
app = FastAPI()


@app.put("/episodes/{name}", status_code=201)
async def put(name: str, request: Request):
    requests_log.write(f"{name}\n")
    if request.headers["x-code-commit"] not in accepted:
        raise HTTPException(412, "out of window")
    partial = f"{store}/{name}.tar.zst.partial"
    sha256 = hashlib.sha256()
    with open(partial, "wb") as file:
        async for chunk in request.stream():
            sha256.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if sha256.hexdigest() != request.headers["x-sha256"]:
        os.unlink(partial)
        raise HTTPException(400, "another digest")
    os.rename(partial, f"{store}/{name}.tar.zst")
    return {"sha256": sha256.hexdigest()}
