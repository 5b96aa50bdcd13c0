"""TensorFlow's C++ loader without Python TensorFlow: python cpp_loader.py REQUEST ANSWER

Loads a SavedModel by TF_LoadSessionFromSavedModel and answers by TF_SessionRun, through ctypes on libtensorflow_cc.
REQUEST is a pickle of {library folder, version directory, runs: [(feeds, fetches)]}, where a feed is (tensor name,
dtype number, array) and a fetch a tensor name; ANSWER a pickle of the fetched arrays of each run, or its error message.
Both are the test's own files.
"""

from __future__ import annotations

import ctypes
import pickle
import sys
from ctypes import c_char_p, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path

import numpy as np

STRING = 7
NUMPY = {1: np.float32, 3: np.int32, 4: np.uint8, 9: np.int64}
# sizeof(TF_TString), in every build for 64 bits.
STRING_BYTES = 24
POINTERS = (
    "TF_NewStatus TF_NewGraph TF_NewSessionOptions TF_LoadSessionFromSavedModel TF_GraphOperationByName "
    "TF_AllocateTensor TF_TensorData TF_StringGetDataPointer"
)


class Output(ctypes.Structure):
    """TF_Output: an operation and which of its results."""

    _fields_ = (("operation", c_void_p), ("index", c_int))


class Loader:
    """A session of one SavedModel."""

    def __init__(self, folder: Path, version_dir: str) -> None:
        ctypes.CDLL(str(folder / "libtensorflow_framework.so.2"), mode=ctypes.RTLD_GLOBAL)
        self.tf = tf = ctypes.CDLL(str(folder / "libtensorflow_cc.so.2"))
        for name in POINTERS.split():
            getattr(tf, name).restype = c_void_p
        tf.TF_Message.restype = c_char_p
        tf.TF_Dim.restype = c_int64
        tf.TF_TensorByteSize.restype = tf.TF_StringGetSize.restype = c_size_t
        self.status, self.graph = c_void_p(tf.TF_NewStatus()), c_void_p(tf.TF_NewGraph())
        tags = (c_char_p * 1)(b"serve")
        options = c_void_p(tf.TF_NewSessionOptions())
        self.session = c_void_p(
            tf.TF_LoadSessionFromSavedModel(options, None, version_dir.encode(), tags, 1, self.graph, None, self.status)
        )
        self._check()

    def _check(self) -> None:
        if self.tf.TF_GetCode(self.status):
            raise RuntimeError(self.tf.TF_Message(self.status).decode())

    def run(self, feeds: list[tuple[str, int, np.ndarray]], fetches: list[str]) -> list[np.ndarray]:
        inputs = (Output * len(feeds))(*(self._output(name) for name, _, _ in feeds))
        values = (c_void_p * len(feeds))(*(self._tensor(dtype, array) for _, dtype, array in feeds))
        outputs = (Output * len(fetches))(*(self._output(name) for name in fetches))
        results = (c_void_p * len(fetches))()
        self.tf.TF_SessionRun(
            self.session, None, inputs, values, len(feeds), outputs, results, len(fetches), None, 0, None, self.status
        )
        self._check()
        return [self._array(c_void_p(result)) for result in results]

    def _output(self, name: str) -> Output:
        operation, _, index = name.partition(":")
        return Output(self.tf.TF_GraphOperationByName(self.graph, operation.encode()), int(index or 0))

    def _tensor(self, dtype: int, array: np.ndarray) -> int:
        dims = (c_int64 * array.ndim)(*array.shape)
        size = array.size * STRING_BYTES if dtype == STRING else array.nbytes
        tensor = self.tf.TF_AllocateTensor(dtype, dims, array.ndim, c_size_t(size))
        data = self.tf.TF_TensorData(c_void_p(tensor))
        if dtype == STRING:
            for index, item in enumerate(array.ravel()):
                place = c_void_p(data + index * STRING_BYTES)
                self.tf.TF_StringInit(place)
                self.tf.TF_StringCopy(place, item, c_size_t(len(item)))
        else:
            ctypes.memmove(data, np.ascontiguousarray(array).ctypes.data, size)
        return tensor

    def _array(self, tensor: c_void_p) -> np.ndarray:
        shape = [self.tf.TF_Dim(tensor, axis) for axis in range(self.tf.TF_NumDims(tensor))]
        data, dtype = self.tf.TF_TensorData(tensor), self.tf.TF_TensorType(tensor)
        if dtype == STRING:
            places = [c_void_p(data + index * STRING_BYTES) for index in range(int(np.prod(shape)))]
            items = [
                ctypes.string_at(self.tf.TF_StringGetDataPointer(place), self.tf.TF_StringGetSize(place))
                for place in places
            ]
            return np.array(items, dtype=object).reshape(shape)
        content = ctypes.string_at(data, self.tf.TF_TensorByteSize(tensor))
        return np.frombuffer(content, NUMPY[dtype]).reshape(shape)


def main() -> None:
    request = pickle.loads(Path(sys.argv[1]).read_bytes())
    loader = Loader(Path(request["library"]), request["version_dir"])
    answers: list = []
    for feeds, fetches in request["runs"]:
        try:
            answers.append(loader.run(feeds, fetches))
        except RuntimeError as error:
            answers.append(str(error))
    if "tensorflow" in sys.modules:
        raise SystemExit("Python TensorFlow was imported")
    Path(sys.argv[2]).write_bytes(pickle.dumps(answers))


if __name__ == "__main__":
    main()
