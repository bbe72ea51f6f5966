"""ONNX: fitted estimators as graphs that run without Python."""
